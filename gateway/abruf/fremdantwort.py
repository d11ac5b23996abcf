"""Another Land's answer: distrusted first, then written anew for the one who asked (steps 4 and 5 of `vermittlung`)."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from gateway.abruf.dienst import Dienst, Ergebnis, Frage, Vermittelbar, refused, wird_protokolliert
from gateway.envelope.parse import ANSWER, parse
from gateway.errors import Fault, FaultCode
from gateway.meldewesen.anfrage import (
    EINDEUTIG,
    ERGEBNISLISTE,
    MAX_TREFFER,
    NEUTRAL,
    TREFFERLISTE,
    Nachrichtenkennung,
    Rueckweisungsgrund,
    Stelle,
)
from gateway.ports import Ausfall, LandNichtErreichbar
from gateway.vorgang import Fassung, Spur, Vermittlung
from gateway.xmeld.antwortpersonen import personen_der_antwort
from gateway.xmeld.mapping import RUECKSENDUNG
from gateway.xmeld.weiterreichen import (
    Antwortkopf,
    als_eigene_antwort,
    personen_haben,
    read_antwort,
    read_ruecksendung,
    serialise,
    vereint,
)

_NIEMAND: Mapping[str, Callable[[int], bool]] = {NEUTRAL.status: lambda personen: personen == 0}

#: How many persons an answer of each kind and status has: nothing else is believed.
_PERSONEN: Mapping[str, Mapping[str, Callable[[int], bool]]] = {
    "1331": {
        **_NIEMAND,
        EINDEUTIG: lambda personen: personen == 1,
        TREFFERLISTE: lambda personen: 1 < personen <= MAX_TREFFER,
    },
    "1333": {**_NIEMAND, ERGEBNISLISTE: lambda personen: 0 < personen <= MAX_TREFFER},
}

#: Of the list too long, by the message that answers: Anlage Nr. 8 BMeldDAV.
_ZU_VIELE = {"1331": "12", "1333": "13"}


@dataclass(frozen=True)
class Ziel:
    """Another Land (two digits) that is to be asked, and what is needed for it."""

    land: str
    vermittelbar: Vermittelbar[Any]
    vermittlung: Vermittlung


@dataclass(frozen=True)
class Vorgang:
    """One request on its way to another Land; `root` is the message as it was signed."""

    frage: Frage[Any]
    dienst: Dienst[Any]
    fassung: Fassung
    root: etree._Element
    spur: Spur
    ziel: Ziel

    @property
    def orte(self) -> dict[str, str]:
        """What stands where in request and answer."""
        mapping = self.fassung.mapping
        return dict(mapping.orte("kopf", "absender", "antwort")) | dict(self.frage.art.orte)


@dataclass(frozen=True)
class GesendeteAnfrage:
    """One message of ours."""

    kennung: Nachrichtenkennung
    leser: Stelle
    autor: str  # key with prefix
    nachricht: bytes


@dataclass(frozen=True)
class GepruefteAntwort:
    """An answer that is believed; `nachricht` is what its author signed."""

    root: etree._Element
    kopf: Antwortkopf
    nachricht: bytes


@dataclass(frozen=True)
class Vermittelt:
    """Another Land's answer, ready for the one who asked. `abgerufen`: what § 40 BMG has recorded of it."""

    nachricht: bytes
    status: str
    codes: tuple[str, ...]  # of its Rueckweisung
    personen: int
    abgerufen: dict[str, object]


def anzahl_personen(antworten: Sequence[GepruefteAntwort]) -> int:
    """Of all of them together."""
    return sum(antwort.kopf.personen for antwort in antworten)


def lies(vorgang: Vorgang, anfrage: GesendeteAnfrage, nachricht: bytes, platz: int) -> GepruefteAntwort:
    """The answer to our message, of at most `platz` bytes. Raises LandNichtErreichbar for all that is not exactly
    that.
    """
    if len(nachricht) > platz:
        raise _not_believed(FaultCode.TOO_LARGE.name)
    gateway, fassung = vorgang.frage.gateway, vorgang.fassung
    try:
        root = parse(nachricht, ANSWER)
        pack, typ = gateway.packs.choose(root)
    except Fault as fault:
        raise _not_believed(fault.code.name) from None
    if pack.name != fassung.pack.name or not pack.is_valid(root):
        raise _not_believed("INVALID")
    if typ == RUECKSENDUNG:
        ursprung, grund = read_ruecksendung(root, dict(fassung.mapping.eigene[RUECKSENDUNG]))
        _check_ursprung(ursprung, anfrage.kennung)
        raise LandNichtErreichbar(Ausfall.ABGELEHNT, (RUECKSENDUNG, grund))
    if typ != vorgang.dienst.antwort:
        raise _not_believed("OTHER_TYPE")
    kopf = read_antwort(root, vorgang.orte)
    _check_ursprung(kopf.ursprung, anfrage.kennung)
    _check_kopf(kopf, typ, vorgang.ziel.land, anfrage.autor)
    _check_umfang(vorgang, root)
    return GepruefteAntwort(root, kopf, nachricht)


def _check_ursprung(ursprung: Nachrichtenkennung, kennung: Nachrichtenkennung) -> None:
    if (ursprung.uuid.lower(), ursprung.nachrichtentyp) != (kennung.uuid, kennung.nachrichtentyp):
        raise _not_believed("OTHER_MESSAGE")


def _check_kopf(kopf: Antwortkopf, typ: str, land: str, leser: str) -> None:
    if kopf.kennung.nachrichtentyp != typ:
        raise _not_believed("OTHER_TYPE")
    if kopf.autor.partition(":")[2][:2] != land:
        raise _not_believed("OTHER_AUTHOR")
    if kopf.leser != leser:
        raise _not_believed("OTHER_READER")
    fits = _PERSONEN[typ].get(kopf.status)
    if not kopf.codes and not (fits and fits(kopf.personen)):
        raise _not_believed("OTHER_NUMBER")


def _check_umfang(vorgang: Vorgang, root: etree._Element) -> None:
    """Nobody is handed data for which a role is needed (§§ 5 (2), 8 (2) BMeldDAV) and which were not asked for: whoever
    may not have them has not come this far. What else a register tells is its own to answer for.
    """
    frage = vorgang.frage
    if personen_haben(root, frage.art.verwehrte_orte(frage.anfrage.anforderungselemente), vorgang.orte):
        raise _not_believed("NOT_ASKED_FOR")


def _not_believed(code: str) -> LandNichtErreichbar:
    return LandNichtErreichbar(Ausfall.UNGLAUBWUERDIG, (code,))


def fuer_den_fragenden(vorgang: Vorgang, antworten: list[GepruefteAntwort]) -> Vermittelt | Ergebnis:
    """The one answer that is made of all, or Rueckweisung 12 or 13 where they name too many persons."""
    frage, dienst, orte = vorgang.frage, vorgang.dienst, vorgang.orte
    if (personen := anzahl_personen(antworten)) > MAX_TREFFER:
        return refused(Rueckweisungsgrund(_ZU_VIELE[dienst.antwort]))
    answer = next((antwort for antwort in antworten if antwort.kopf.codes), None)
    root = answer.root if answer else vereint([antwort.root for antwort in antworten], orte)
    told = answer.kopf if answer else read_antwort(root, orte)
    nachricht = serialise(als_eigene_antwort(root, _kopf_der_antwort(vorgang), frage.anfrage.kennung, orte))
    vorgang.fassung.check(nachricht)
    return Vermittelt(
        nachricht=nachricht,
        status=told.status,
        codes=tuple(dict.fromkeys(told.codes)),
        personen=0 if answer else personen,
        abgerufen=_abgerufen(vorgang, antworten),
    )


def _kopf_der_antwort(vorgang: Vorgang) -> bytes:
    anfrage, gateway = vorgang.frage.anfrage, vorgang.frage.gateway
    jetzt = gateway.now().isoformat(timespec="milliseconds")
    kennung = Nachrichtenkennung(str(uuid.uuid4()), vorgang.dienst.antwort, jetzt)
    return vorgang.fassung.schreiber.kopf(kennung, anfrage.autor, anfrage.leser)


def _abgerufen(vorgang: Vorgang, antworten: list[GepruefteAntwort]) -> dict[str, object]:
    """§ 40 BMG: with what was searched, whose data came, and which; the answers as their register signed them, so that
    the digest of each, on record with its leg, proves it. Nothing where the authority keeps the Protokoll itself.
    """
    if not wird_protokolliert(vorgang.frage.anfrage, vorgang.frage.behoerde):
        return {}
    ziel = vorgang.ziel
    felder, orte = vorgang.frage.art.felder, vorgang.orte
    vermittelt = [
        {
            "land": ziel.land,
            "antwort": antwort.nachricht.decode(),
            "personen": personen_der_antwort(antwort.root, felder, orte),
        }
        for antwort in antworten
    ]
    return {**ziel.vermittelbar.auswahl(vorgang.frage.anfrage), "vermittelt": vermittelt}
