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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lxml import etree

from gateway.abruf.dienst import Dienst, Ergebnis, Frage, Vermittelbar, refused
from gateway.envelope.parse import ANSWER, parse
from gateway.errors import Fault, Ruecksendung
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
from gateway.ports import Ausfall, Fremdantwort, LandNichtErreichbar, Weg
from gateway.vorgang import Fassung, Spur, Vermittlung
from gateway.xmeld.mapping import RUECKSENDUNG
from gateway.xmeld.schreiben import MELDEBEHOERDE, VERZEICHNISDIENST
from gateway.xmeld.weiterreichen import (
    Antwortkopf,
    als_eigene_anfrage,
    als_eigene_antwort,
    read_antwort,
    read_ruecksendung,
    serialise,
    vereint,
)

#: How many persons an answer of each status has: nothing else is believed.
_PERSONEN: Mapping[str, Callable[[int], bool]] = {
    EINDEUTIG: lambda personen: personen == 1,
    TREFFERLISTE: lambda personen: 1 < personen <= MAX_TREFFER,
    NEUTRAL.status: lambda personen: personen == 0,
    ERGEBNISLISTE: lambda personen: 0 < personen <= MAX_TREFFER,
}

#: Of the list too long, by the message that answers: Anlage Nr. 8 BMeldDAV.
_ZU_VIELE = {"1331": "12", "1333": "13"}


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
class _Antwort:
    root: etree._Element
    kopf: Antwortkopf


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
    """What the other Land's register answers, or why it was not asked or did not. Its legs are noted in the Spur."""
    try:
        teile = _teile(vorgang)
        if dagegen := _gruende(vorgang, teile):
            return refused(*dagegen)
        antworten = [_rufe_ab(vorgang, teil) for teil in teile or (None,)]
    except LandNichtErreichbar as error:
        return refused(Rueckweisungsgrund("16", error.grund.value.format(land=LAENDER[vorgang.ziel.land])))
    return _fuer_den_fragenden(vorgang, antworten)


def _teile(vorgang: Vorgang) -> tuple[str, ...]:
    """The Gemeinden of a Suchbereich that the Land wants to be asked for one by one; none: asked as it is."""
    anfrage = vorgang.frage.anfrage
    if not isinstance(anfrage, FreieSuche) or anfrage.suchbereich.schluessel[:2] != vorgang.ziel.land:
        return ()
    return tuple(vorgang.ziel.vermittlung.laender.teile(anfrage.suchbereich.schluessel))


def _gruende(vorgang: Vorgang, teile: tuple[str, ...]) -> list[Rueckweisungsgrund]:
    frage, land = vorgang.frage, vorgang.ziel.land
    reichweite = frage.gateway.reichweiten.get(land, Reichweite(land, {}))
    if teile:  # each is asked for by itself
        frage = replace(frage, anfrage=replace(frage.anfrage, suchbereich=Suchbereich(teile[0])))
    return vorgang.ziel.vermittelbar.gruende(frage, reichweite)


# -- the request -------------------------------------------------------------------------------------------------------


def _rufe_ab(vorgang: Vorgang, teil: str | None) -> _Antwort:
    """One leg, noted whatever becomes of it. Raises LandNichtErreichbar."""
    gateway, leser = vorgang.frage.gateway, _leser(vorgang, teil)
    autor = vorgang.ziel.vermittlung.kennungen[vorgang.frage.rolle]
    kennung, nachricht = _anfrage(vorgang, leser, autor, teil)
    digest, gesendet = hashlib.sha256(nachricht).digest(), gateway.clock()
    fremd: Fremdantwort | None = None

    def note(codes: tuple[str, ...], antwort_uuid: str | None = None) -> None:
        answered = hashlib.sha256(fremd.nachricht).digest() if fremd else None
        vorgang.spur.wege.append(
            Weg(vorgang.ziel.land, kennung.uuid, gesendet, gateway.clock(), codes, antwort_uuid, digest, answered)
        )

    try:
        fremd = vorgang.ziel.vermittlung.laender.rufe_ab(
            leser.kennung.partition(":")[2], vorgang.fassung.pack.version, autor, nachricht, gesendet
        )
        antwort = _read(vorgang, kennung, fremd.nachricht)
    except LandNichtErreichbar as error:
        note((*(fremd.codes if fremd else ()), *error.codes, error.grund.name))
        raise
    except BaseException as error:  # a bug of ours: what was sent stays on record
        note((type(error).__name__,))
        raise
    kopf = antwort.kopf
    note((*fremd.codes, *((kopf.status,) if kopf.status else kopf.codes)), kopf.kennung.uuid)
    return antwort


def _anfrage(vorgang: Vorgang, leser: Stelle, autor: str, teil: str | None) -> tuple[Nachrichtenkennung, bytes]:
    """The zentrale Stelle's request. All in it comes from the original and the instance, its time as well."""
    frage, orte = vorgang.frage, vorgang.orte
    original = frage.anfrage.kennung
    kennung = replace(original, uuid=_uuid(vorgang, teil))
    wir = Stelle(VERZEICHNISDIENST, autor, vorgang.ziel.vermittlung.name)
    kopf = vorgang.fassung.schreiber.kopf(kennung, leser, wir, teil)
    root = als_eigene_anfrage(vorgang.root, kopf, orte, leser_bleibt=leser == frage.anfrage.leser)
    nachricht = serialise(root)
    vorgang.fassung.check(nachricht)
    return kennung, nachricht


def _uuid(vorgang: Vorgang, teil: str | None) -> str:
    """Of who asks, the message and the Gemeinde: a repetition gets the same one, whatever else another."""
    assert vorgang.spur.opened is not None, "a request was read before it was opened"
    digest = hashlib.sha256(vorgang.spur.opened.nachricht).hexdigest()
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{vorgang.frage.behoerde.kennung}/{digest}/{teil or ''}"))


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


def _read(vorgang: Vorgang, kennung: Nachrichtenkennung, nachricht: bytes) -> _Antwort:
    """The answer to our message `kennung`. Raises LandNichtErreichbar for all that is not exactly that."""
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
        _check_ursprung(ursprung, kennung)
        raise LandNichtErreichbar(Ausfall.ABGELEHNT, (RUECKSENDUNG, grund))
    if typ != vorgang.dienst.antwort:
        raise _not_believed("OTHER_TYPE")
    kopf = read_antwort(root, vorgang.orte)
    _check_ursprung(kopf.ursprung, kennung)
    _check_kopf(kopf, typ, vorgang.ziel.land)
    return _Antwort(root, kopf)


def _check_ursprung(ursprung: Nachrichtenkennung, kennung: Nachrichtenkennung) -> None:
    if (ursprung.uuid.lower(), ursprung.nachrichtentyp) != (kennung.uuid, kennung.nachrichtentyp):
        raise _not_believed("OTHER_MESSAGE")


def _check_kopf(kopf: Antwortkopf, typ: str, land: str) -> None:
    if kopf.kennung.nachrichtentyp != typ:
        raise _not_believed("OTHER_TYPE")
    if kopf.autor.partition(":")[2][:2] != land:
        raise _not_believed("OTHER_AUTHOR")
    fits = _PERSONEN.get(kopf.status)
    if not kopf.codes and not (fits and fits(kopf.personen)):
        raise _not_believed("OTHER_NUMBER")


def _not_believed(code: str) -> LandNichtErreichbar:
    return LandNichtErreichbar(Ausfall.UNGLAUBWUERDIG, (code,))


# -- back to who asked -------------------------------------------------------------------------------------------------


def _fuer_den_fragenden(vorgang: Vorgang, antworten: list[_Antwort]) -> Vermittelt | Ergebnis:
    frage, dienst, orte = vorgang.frage, vorgang.dienst, vorgang.orte
    if (personen := sum(antwort.kopf.personen for antwort in antworten)) > MAX_TREFFER:
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
    """§ 40 BMG: with what was searched, whose data came, and which; the answers as their register wrote them."""
    ziel = vorgang.ziel
    vermittelt = [{"land": ziel.land, "antwort": serialise(antwort.root).decode()} for antwort in antworten]
    return {**ziel.vermittelbar.auswahl(vorgang.frage.anfrage), "vermittelt": vermittelt}
