"""One kind of request as a row, and what all kinds have in common."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Generic, TypeVar

from lxml import etree

from gateway.errors import Ruecksendung
from gateway.meldewesen.anfrage import Abruf, Auskunft, Rueckweisung, Rueckweisungsgrund, Stelle
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.regeln import ordered, wirksame_rolle
from gateway.meldewesen.reichweite import Reichweite
from gateway.meldewesen.sperren import Sicht
from gateway.ports import Treffer
from gateway.vorgang import BERLIN, Gateway
from gateway.xmeld.mapping import Abrufart

A = TypeVar("A", bound=Abruf)


@dataclass(frozen=True)
class Ergebnis:
    """The answer's content, and whose records it was taken from.

    `bestaetigt`: the merkmale of those with whom given data agree, where that was asked (§ 39a BMG).
    """

    inhalt: Auskunft | Rueckweisung
    treffer: tuple[Treffer, ...] = ()
    bestaetigt: frozenset[bytes] = frozenset()


@dataclass(frozen=True)
class Frage(Generic[A]):
    """A request with all that its answer depends on."""

    anfrage: A
    behoerde: Behoerde
    art: Abrufart
    gateway: Gateway
    jetzt: datetime

    @property
    def rolle(self) -> Rolle:
        """The role in which the request is judged."""
        return wirksame_rolle(self.anfrage, self.behoerde)

    @property
    def heute(self) -> str:
        """The day in Germany, YYYY-MM-DD."""
        return self.jetzt.astimezone(BERLIN).date().isoformat()

    @property
    def empfaenger(self) -> str:
        """To whom an Identifikationsmerkmal is given: § 39 (2) BMG, § 9 BMeldDAV.

        A zentrale Stelle passes it on to the authority that it names, and for that one only it holds. It holds in every
        municipality of the mirror: a freie Suche has asked several at once.
        """
        stelle = self.anfrage.abrufende_stelle.behoerdenname if self.behoerde.zentrale_stelle else ""
        return "\n".join((self.behoerde.kennung, stelle))


#: Digits of a Gemeindeschluessel.
AGS_ZIFFERN = 8

#: The only ground of Rueckweisung that depends on what the mirror has of a person.
STRASSE_UNBEKANNT = "02"

#: The Auswahldaten name another municipality than the one that is asked: Anlage Nr. 2 BMeldDAV.
FALSCHE_GEMEINDE = "14"


class MerkmalUngueltig(Exception):
    """The Identifikationsmerkmal is unknown, malformed, expired or another authority's."""


@dataclass(frozen=True)
class Dienst(Generic[A]):
    """How one kind of request is read, routed and answered."""

    nachrichtentyp: str
    antwort: str  # number of the message that answers
    read: Callable[[etree._Element, Abrufart], A]
    #: Whether it is asked of a register that is mirrored here. Raises Ruecksendung.
    route: Callable[[A, Gateway], None]
    #: Every ground of Rueckweisung that applies, or what was found. Raises StoreError.
    answer: Callable[[Frage[A]], Ergebnis]
    #: Whom the request means, as seen in a Sicht, at most so many: the search of the answer, and of what follows it.
    #: Raises MerkmalUngueltig, ZuVieleTreffer, StoreError.
    finde: Callable[[Frage[A], Sicht, int], Sequence[Treffer]]
    #: What § 40 BMG has recorded of this kind, beside what it has of all.
    inhalt: Callable[[A, Ergebnis], dict[str, object]]
    #: Whether something may have to follow the answer: § 34 (5), § 34a (5) S. 2 BMG.
    nacharbeit: Callable[[Auskunft | Rueckweisung], bool]
    vermittelbar: "Vermittelbar[A] | None" = None  # to another Land, for an authority of this one


@dataclass(frozen=True)
class Vermittelbar(Generic[A]):
    """What must be known of a kind of request that another Land's register may be asked."""

    #: The Land (two digits) whose register is asked; the second argument is this one.
    land: Callable[[A, str], str]
    #: The grounds of Rueckweisung that lie in the request itself, asked of the Land with this reach.
    gruende: Callable[[Frage[A], Reichweite], list[Rueckweisungsgrund]]
    #: What § 40 BMG has recorded with what it was searched with, whatever was found.
    auswahl: Callable[[A], dict[str, object]]


def check_header(anfrage: Abruf, nachrichtentyp: str, behoerde: Behoerde) -> None:
    """The header says what the message is and who signed it, and § 11 BMeldDAV's fields say something.

    Raises Ruecksendung.
    """
    if anfrage.kennung.nachrichtentyp != nachrichtentyp:
        hinweis = f"Der Nachrichtentyp im Nachrichtenkopf ist nicht der der Nachricht ({nachrichtentyp})."
        raise Ruecksendung("S999", hinweis)
    if anfrage.autor.kennung != behoerde.kennung:
        raise Ruecksendung("T070", "Der Autor der Nachricht ist nicht die Behörde, deren Zertifikat sie signiert hat.")
    stelle = anfrage.abrufende_stelle
    fields = {
        "behoerdenname": stelle.behoerdenname,
        "aktenzeichen": stelle.aktenzeichen,
        "anlassDesAbrufs": stelle.anlass,
        "kennung": stelle.kennung,
        "anschrift": stelle.anschrift,
        "erreichbarkeit": "".join(stelle.erreichbarkeit),
    }
    empty = [name for name, value in fields.items() if not value.strip()]
    if empty:
        raise Ruecksendung("S030", f"Leer in datenAbrufendeStelle: {', '.join(empty)} (§ 11 BMeldDAV).")


def route_to_gemeinde(anfrage: Abruf, gateway: Gateway) -> None:
    """To a municipality of this mirror. Raises Ruecksendung."""
    if not gateway.serves(anfrage.leser.kennung):
        raise Ruecksendung("T080", "Der Leser ist keine Meldebehörde, deren Register hier gespiegelt wird.")


def land_of(stelle: Stelle, hier: str) -> str:
    """The Land of the municipality that is addressed; whom no Gemeindeschluessel names is nowhere else than `hier`."""
    prefix, _, key = stelle.kennung.partition(":")
    return key[:2] if prefix == "ags" and key.isascii() and key.isdigit() and len(key) == AGS_ZIFFERN else hier


def wird_protokolliert(anfrage: Abruf, behoerde: Behoerde) -> bool:
    """Whether the content is recorded here: unless the authority does so itself (§ 40 (3) BMG)."""
    return wirksame_rolle(anfrage, behoerde) is not Rolle.SICHERHEIT or behoerde.protokoll_beauftragt


def protokollinhalt(anfrage: Abruf, behoerde: Behoerde, abgerufen: dict[str, object]) -> dict[str, object] | None:
    """The content of § 40 (1), (2) BMG; None where the authority keeps the Protokoll itself (§ 40 (3)).

    `abgerufen`: what its kind of request has recorded of the answer.
    """
    if not wird_protokolliert(anfrage, behoerde):
        return None
    stelle = anfrage.abrufende_stelle
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
        **abgerufen,
    }


def abgerufen(ergebnis: Ergebnis) -> list[dict[str, object]]:
    """Whose data left, and which: § 40 (1) no. 2 and 7 BMG."""
    personen = ergebnis.inhalt.personen if isinstance(ergebnis.inhalt, Auskunft) else ()
    return [
        {"ags": t.datensatz["ags"], "ordnungsmerkmal": t.datensatz["ordnungsmerkmal"], "daten": person.daten}
        for t, person in zip(ergebnis.treffer, personen, strict=True)
    ]


def nennt_person(inhalt: Auskunft | Rueckweisung) -> bool:
    """Whether somebody was named and looked for. A street that nobody but blocked persons live in is not known (02), so
    that answer too may hide the one who was meant.
    """
    return isinstance(inhalt, Auskunft) or {grund.code for grund in inhalt.gruende} == {STRASSE_UNBEKANNT}


def refused(*gruende: Rueckweisungsgrund) -> Ergebnis:
    """Every ground that applies, in the list's order."""
    return Ergebnis(Rueckweisung(ordered(gruende)))


@lru_cache(maxsize=256)  # a system asks for the same ones again and again
def _in_order(codes: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(codes, key=int))
