"""The Personensuche's own part of an exchange: who may ask what (5), where (6), and the answer (7). No XML."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from gateway.errors import Ruecksendung
from gateway.meldewesen.anfrage import (
    EINDEUTIG,
    MAX_TREFFER,
    NEUTRAL,
    TREFFERLISTE,
    Auskunft,
    Person,
    Personensuche,
    Rueckweisung,
    Rueckweisungsgrund,
)
from gateway.meldewesen.aufbewahrung import tellable
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.regeln import Pruefling, ordered, pruefe, wirksame_rolle
from gateway.meldewesen.suchformen import Suchformen, formen_der_anfrage
from gateway.ports import Treffer
from gateway.vorgang import BERLIN, Gateway
from gateway.xmeld.mapping import Mapping

NACHRICHTENTYP = "1330"


@dataclass(frozen=True)
class Ergebnis:
    """The answer's content, and whose records it was taken from."""

    inhalt: Auskunft | Rueckweisung
    treffer: tuple[Treffer, ...] = ()


def check_header(anfrage: Personensuche, behoerde: Behoerde) -> None:
    """The header says what the message is and who signed it, and § 11 BMeldDAV's fields say something.

    Raises Ruecksendung.
    """
    if anfrage.kennung.nachrichtentyp != NACHRICHTENTYP:
        raise Ruecksendung("S999", "Der Nachrichtentyp im Nachrichtenkopf ist nicht der der Nachricht (1330).")
    if anfrage.autor.kennung != behoerde.kennung:
        raise Ruecksendung("T070", "Der Autor der Nachricht ist nicht die Behörde, deren Zertifikat sie signiert hat.")
    stelle = anfrage.abrufende_stelle
    fields = {
        "behoerdenname": stelle.behoerdenname,
        "aktenzeichen": stelle.aktenzeichen,
        "anlassDesAbrufs": stelle.anlass,
        "kennung": stelle.kennung,
    }
    empty = [name for name, value in fields.items() if not value.strip()]
    if empty:
        raise Ruecksendung("S030", f"Leer in datenAbrufendeStelle: {', '.join(empty)} (§ 11 BMeldDAV).")


def route(anfrage: Personensuche, gateway: Gateway) -> None:
    """Here, or nowhere yet. Raises Ruecksendung."""
    if not gateway.serves(anfrage.leser.kennung):
        raise Ruecksendung("T080", "Der Leser ist keine Meldebehörde, deren Register hier gespiegelt wird.")


def answer(anfrage: Personensuche, behoerde: Behoerde, mapping: Mapping, gateway: Gateway, jetzt: datetime) -> Ergebnis:
    """Every ground of Rueckweisung that applies, or what was found. Raises StoreError."""
    heute = jetzt.astimezone(BERLIN).date().isoformat()
    formen = formen_der_anfrage(anfrage.auswahldaten) if anfrage.auswahldaten else None
    gruende = _grounds(anfrage, behoerde, formen, mapping, gateway, heute)
    if gruende:
        return _refused(*gruende)
    if formen is None:
        merkmal = gateway.merkmale.open(anfrage.identifikationsmerkmal or "", _empfaenger(anfrage, behoerde), jetzt)
        if merkmal is None:
            return _refused(Rueckweisungsgrund("01"))
        found = gateway.spiegel.hole(merkmal, heute)
        treffer: tuple[Treffer, ...] = (found,) if found else ()
    else:
        funde = gateway.spiegel.suche(formen, heute, MAX_TREFFER + 1)
        if len(funde) > MAX_TREFFER:
            return _refused(Rueckweisungsgrund("12"))
        treffer = tuple(funde)
    return Ergebnis(_shape(treffer, anfrage, behoerde, mapping, gateway, jetzt), treffer)


def protokollinhalt(anfrage: Personensuche, behoerde: Behoerde, ergebnis: Ergebnis) -> dict[str, object] | None:
    """The content of § 40 (1) BMG; None where the authority keeps the Protokoll itself (§ 40 (3))."""
    if wirksame_rolle(anfrage, behoerde) is Rolle.SICHERHEIT and not behoerde.protokoll_beauftragt:
        return None
    stelle = anfrage.abrufende_stelle
    personen = ergebnis.inhalt.personen if isinstance(ergebnis.inhalt, Auskunft) else ()
    return {
        "signiert_von": behoerde.name,
        "abrufberechtigte_stelle": {  # as the message names it; for a zentrale Stelle, whom it passes on
            "name": stelle.behoerdenname,
            "anschrift": stelle.anschrift,
            "erreichbarkeit": stelle.erreichbarkeit,
        },
        "aktenzeichen": stelle.aktenzeichen,
        "anlass": stelle.anlass,
        "kennung": stelle.kennung,
        "anforderungselemente": _in_order(anfrage.anforderungselemente),
        "treffer": [
            {"ags": t.datensatz["ags"], "ordnungsmerkmal": t.datensatz["ordnungsmerkmal"], "daten": person.daten}
            for t, person in zip(ergebnis.treffer, personen, strict=True)
        ],
    }


@lru_cache(maxsize=256)  # a system asks for the same ones again and again
def _in_order(codes: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(codes, key=int))


def _grounds(
    anfrage: Personensuche,
    behoerde: Behoerde,
    formen: Suchformen | None,
    mapping: Mapping,
    gateway: Gateway,
    heute: str,
) -> tuple[Rueckweisungsgrund, ...]:
    gruende = list(pruefe(Pruefling(anfrage, behoerde, formen, gateway.land)))
    forbidden = mapping.unzulaessig(anfrage.anforderungselemente, wirksame_rolle(anfrage, behoerde))
    gruende += [Rueckweisungsgrund(code) for code in forbidden]
    if formen is not None and formen.strasse and not gateway.spiegel.kennt_strasse(formen, heute):
        gruende.append(Rueckweisungsgrund("02"))  # Anlage Nr. 4 f
    return tuple(gruende)


def _refused(*gruende: Rueckweisungsgrund) -> Ergebnis:
    return Ergebnis(Rueckweisung(ordered(gruende)))


def _shape(
    treffer: tuple[Treffer, ...],
    anfrage: Personensuche,
    behoerde: Behoerde,
    mapping: Mapping,
    gateway: Gateway,
    jetzt: datetime,
) -> Auskunft:
    """§§ 5, 6 BMeldDAV: one person in full, several as a list, nobody as the neutral answer."""
    if not treffer:
        return NEUTRAL
    rolle = wirksame_rolle(anfrage, behoerde)
    if len(treffer) == 1:
        heute = jetzt.astimezone(BERLIN).date().isoformat()
        datensatz = tellable(treffer[0].datensatz, rolle)
        daten = mapping.person(datensatz, anfrage.anforderungselemente, heute)
        return Auskunft(EINDEUTIG, (Person(daten),))
    seal, empfaenger = gateway.merkmale.seal, _empfaenger(anfrage, behoerde)
    return Auskunft(
        TREFFERLISTE,
        tuple(
            Person(mapping.treffer(tellable(t.datensatz, rolle)), seal(t.merkmal, empfaenger, jetzt)) for t in treffer
        ),
    )


def _empfaenger(anfrage: Personensuche, behoerde: Behoerde) -> str:
    """To whom an Identifikationsmerkmal is given, in which municipality: § 39 (2) S. 3 BMG, § 9 BMeldDAV.

    A zentrale Stelle passes it on to the authority that it names, and for that one only it holds.
    """
    stelle = anfrage.abrufende_stelle.behoerdenname if behoerde.zentrale_stelle else ""
    return "\n".join((behoerde.kennung, anfrage.leser.kennung, stelle))
