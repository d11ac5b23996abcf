"""Retrievals at other Laender for an authority of this one: § 2 (3) Nds. AG BMG.

1 judge   what the request itself forbids, by the other Land's reach: nothing is sent that must come back
2 write   the zentrale Stelle's own request: its header, everything else as it came; the same bytes whenever it is
          repeated, so that the other side knows the repetition
3 ask     the other Land's register; both legs are one exchange in the Protokoll
4 check   the answer as if a stranger had sent it: parser, version, schema, what it answers, in whose name
5 write   the answer to the one who asked: its header, everything else as it came
"""

import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from lxml import etree

from gateway.abruf.dienst import Dienst, Ergebnis, Frage, Vermittelbar, refused, wird_protokolliert
from gateway.envelope.parse import ANSWER, parse
from gateway.errors import Fault, FaultCode, Ruecksendung
from gateway.meldewesen.anfrage import (
    EINDEUTIG,
    ERGEBNISLISTE,
    MAX_TREFFER,
    NEUTRAL,
    TREFFERLISTE,
    FreieSuche,
    Nachrichtenkennung,
    Rueckweisungsgrund,
    Stelle,
    Suchbereich,
)
from gateway.meldewesen.laender import LAENDER
from gateway.meldewesen.reichweite import Reichweite
from gateway.ports import Ausfall, Fremdantwort, LandNichtErreichbar, UuidReused, Weg
from gateway.vorgang import Fassung, Spur, Vermittlung, log
from gateway.xmeld.antwortpersonen import personen_der_antwort
from gateway.xmeld.mapping import RUECKSENDUNG
from gateway.xmeld.schreiben import MELDEBEHOERDE, VERZEICHNISDIENST
from gateway.xmeld.weiterreichen import (
    Antwortkopf,
    als_eigene_anfrage,
    als_eigene_antwort,
    benenne,
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

#: Since the request came; afterwards no further Gemeinde is asked.
FRIST = timedelta(seconds=25)

#: Nothing was sent, by a decision of this side: the log has said why.
_NICHT_GESENDET = frozenset({Ausfall.AUSGESETZT, Ausfall.BELEGT})


@dataclass(frozen=True)
class Vermittelt:
    """Another Land's answer, ready for the one who asked. `abgerufen`: what § 40 BMG has recorded of it."""

    nachricht: bytes
    status: str
    codes: tuple[str, ...]  # of its Rueckweisung
    personen: int
    abgerufen: dict[str, object]


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
class _Anfrage:
    """One message of ours."""

    kennung: Nachrichtenkennung
    leser: Stelle
    autor: str  # key with prefix
    nachricht: bytes


@dataclass(frozen=True)
class _Antwort:
    """An answer that is believed; `nachricht` is what its author signed."""

    root: etree._Element
    kopf: Antwortkopf
    nachricht: bytes


def anderes_land(frage: Frage[Any], dienst: Dienst[Any]) -> Ziel | None:
    """The Land whose register is to be asked for an authority of this one; None: nobody is. Raises Ruecksendung.

    An authority of another Land, a zentrale Stelle too, has its own way there: nothing goes on to a third.
    """
    gateway, behoerde = frage.gateway, frage.behoerde
    if dienst.vermittelbar is None or gateway.vermittlung is None:
        return None
    land = dienst.vermittelbar.land(frage.anfrage, gateway.land)
    if land == gateway.land or land not in LAENDER:
        return None
    if behoerde.land != gateway.land or behoerde.zentrale_stelle:
        raise Ruecksendung("T080", "Abrufe bei anderen Ländern werden hier nur für Behörden dieses Landes vermittelt.")
    return Ziel(land, dienst.vermittelbar, gateway.vermittlung)


def vermittle(vorgang: Vorgang) -> Vermittelt | Ergebnis:
    """What the other Land's register answers, or why it was not asked or did not. Its legs are noted in the Spur.

    Raises Fault where the message's UUID was used before for another, StoreError where nothing could be recorded: in
    both cases nothing was sent.
    """
    try:
        teile = _teile(vorgang)
        if dagegen := _gruende(vorgang, teile):
            return refused(*dagegen)
        _check_protokoll(vorgang)
        antworten = _rufe_alle_ab(vorgang, teile or (None,))
    except LandNichtErreichbar as error:
        return refused(Rueckweisungsgrund("16", error.grund.value.format(land=LAENDER[vorgang.ziel.land])))
    return _fuer_den_fragenden(vorgang, antworten)


def _teile(vorgang: Vorgang) -> tuple[str, ...]:
    """The Gemeinden of a Suchbereich which the Land does not open to who asks, but for each of them (Anlage Nr. 3
    BMeldDAV), and wants to be asked for one by one; none: asked as it is.
    """
    anfrage, behoerde, rolle = vorgang.frage.anfrage, vorgang.frage.behoerde, vorgang.frage.rolle
    if not isinstance(anfrage, FreieSuche) or anfrage.suchbereich.schluessel[:2] != vorgang.ziel.land:
        return ()
    if _reichweite(vorgang).offen_fuer(anfrage.suchbereich, behoerde, rolle):
        return ()
    return tuple(vorgang.ziel.vermittlung.laender.teile(anfrage.suchbereich.schluessel))


def _gruende(vorgang: Vorgang, teile: tuple[str, ...]) -> list[Rueckweisungsgrund]:
    frage = vorgang.frage
    if teile:  # each is asked for by itself
        frage = replace(frage, anfrage=replace(frage.anfrage, suchbereich=Suchbereich(teile[0])))
    return vorgang.ziel.vermittelbar.gruende(frage, _reichweite(vorgang))


def _reichweite(vorgang: Vorgang) -> Reichweite:
    land = vorgang.ziel.land
    return vorgang.frage.gateway.reichweiten.get(land, Reichweite(land, {}))


def _check_protokoll(vorgang: Vorgang) -> None:
    """What could not be recorded is not asked: the other Land would have told for nothing."""
    frage, opened = vorgang.frage, vorgang.spur.opened
    assert opened is not None, "a request was read before it was opened"
    digest = hashlib.sha256(opened.nachricht).digest()
    try:
        frage.gateway.protokoll.check_uuid(frage.behoerde.kennung, frage.anfrage.kennung.uuid, digest)
    except UuidReused:
        raise Fault(FaultCode.UUID_REUSED) from None


# -- the request -------------------------------------------------------------------------------------------------------


def _rufe_alle_ab(vorgang: Vorgang, teile: Sequence[str | None]) -> list[_Antwort]:
    """One after the other, until it is decided what is told: nobody is retrieved for nothing."""
    antworten: list[_Antwort] = []
    for teil in teile:
        antworten.append(_rufe_ab(vorgang, teil))
        if antworten[-1].kopf.codes or _personen(antworten) > MAX_TREFFER:
            break
    return antworten


def _personen(antworten: Sequence[_Antwort]) -> int:
    return sum(antwort.kopf.personen for antwort in antworten)


def _rufe_ab(vorgang: Vorgang, teil: str | None) -> _Antwort:
    """One leg, noted whatever becomes of it. Raises LandNichtErreichbar."""
    gateway, spur, land = vorgang.frage.gateway, vorgang.spur, vorgang.ziel.land
    anfrage = _anfrage(vorgang, teil)
    gesendet, digest = gateway.clock(), hashlib.sha256(anfrage.nachricht).digest()
    if spur.wege and gesendet - spur.empfangen > FRIST:
        raise LandNichtErreichbar(Ausfall.ZEIT)
    fremd: Fremdantwort | None = None

    def note(codes: tuple[str, ...], antwort_uuid: str | None = None) -> None:
        answered = hashlib.sha256(fremd.nachricht).digest() if fremd else None
        spur.wege.append(
            Weg(land, anfrage.kennung.uuid, gesendet, gateway.clock(), codes, antwort_uuid, digest, answered)
        )

    try:
        fremd = vorgang.ziel.vermittlung.laender.rufe_ab(
            anfrage.leser.kennung.partition(":")[2],
            vorgang.fassung.pack.version,
            anfrage.autor,
            anfrage.nachricht,
            gesendet,
        )
        antwort = _read(vorgang, anfrage, fremd.nachricht)
    except LandNichtErreichbar as error:
        note((*(fremd.codes if fremd else ()), *error.codes, error.grund.name))
        if error.grund not in _NICHT_GESENDET:
            log.warning("no answer exchange=%s land=%s codes=%s reason=%s", spur.vorgang, land, error.codes, error)
        raise
    except BaseException as error:  # a bug of ours: what was sent stays on record
        note((type(error).__name__,))
        raise
    kopf = antwort.kopf
    note((*fremd.codes, *((kopf.status,) if kopf.status else kopf.codes)), kopf.kennung.uuid)
    return antwort


def _anfrage(vorgang: Vorgang, teil: str | None) -> _Anfrage:
    """The zentrale Stelle's request. All in it comes from the original and the instance, its time as well."""
    frage, orte, vermittlung = vorgang.frage, vorgang.orte, vorgang.ziel.vermittlung
    original, leser = frage.anfrage.kennung, _leser(vorgang, teil)
    wir = Stelle(VERZEICHNISDIENST, vermittlung.kennungen[frage.rolle], vermittlung.name)
    kopf = vorgang.fassung.schreiber.kopf(original, leser, wir, teil)
    root = als_eigene_anfrage(vorgang.root, kopf, orte, leser_bleibt=leser == frage.anfrage.leser)
    kennung = replace(original, uuid=_uuid(frage.behoerde.kennung, serialise(root)))
    benenne(root, kennung.uuid, orte)
    nachricht = serialise(root)
    vorgang.fassung.check(nachricht)
    return _Anfrage(kennung, leser, wir.kennung, nachricht)


def _uuid(behoerde: str, nachricht: bytes) -> str:
    """Of who asks and all that is sent, the original's UUID in the place of this one: a repetition gets the same one,
    whatever else another.
    """
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{behoerde}/{hashlib.sha256(nachricht).hexdigest()}"))


def _leser(vorgang: Vorgang, teil: str | None) -> Stelle:
    """Whom the original names, unless the Suchbereich has named the Land, or is asked for one Gemeinde at a time."""
    anfrage, land = vorgang.frage.anfrage, vorgang.ziel.land
    if teil is None and anfrage.leser.kennung.startswith(f"ags:{land}"):
        leser: Stelle = anfrage.leser
        return leser
    bereich = teil or anfrage.suchbereich.schluessel
    ags = bereich if Suchbereich(bereich).art == "gemeinde" else f"{land}000000"
    return Stelle(VERZEICHNISDIENST, f"ags:{ags}", MELDEBEHOERDE)


# -- the answer --------------------------------------------------------------------------------------------------------


def _read(vorgang: Vorgang, anfrage: _Anfrage, nachricht: bytes) -> _Antwort:
    """The answer to our message. Raises LandNichtErreichbar for all that is not exactly that."""
    gateway, fassung = vorgang.frage.gateway, vorgang.fassung
    try:
        root = parse(nachricht, ANSWER, isolated=gateway.strangers.exhausted)
        pack, typ = gateway.packs.choose(root)
    except Fault as fault:
        gateway.strangers.refused(len(nachricht))
        raise _not_believed(fault.code.name) from None
    if pack.name != fassung.pack.name or not pack.is_valid(root):
        gateway.strangers.refused(len(nachricht))
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
    return _Antwort(root, kopf, nachricht)


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


# -- back to who asked -------------------------------------------------------------------------------------------------


def _fuer_den_fragenden(vorgang: Vorgang, antworten: list[_Antwort]) -> Vermittelt | Ergebnis:
    frage, dienst, orte = vorgang.frage, vorgang.dienst, vorgang.orte
    if (personen := _personen(antworten)) > MAX_TREFFER:
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


def _abgerufen(vorgang: Vorgang, antworten: list[_Antwort]) -> dict[str, object]:
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
