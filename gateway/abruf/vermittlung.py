"""Retrievals at other Laender for an authority of this one: § 2 (3) Nds. AG BMG.

1 judge   what the request itself forbids, by the other Land's reach: nothing is sent that must come back
2 write   the zentrale Stelle's own request: its header, everything else as it came; the same bytes whenever it is
          repeated, so that the other side knows the repetition
3 ask     the other Land's register; both legs are one exchange in the Protokoll
4 check   the answer as if a stranger had sent it: parser, version, schema, what it answers, in whose name
5 write   the answer to the one who asked: its header, everything else as it came

Steps 4 and 5 are those of `fremdantwort`.
"""

import hashlib
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from gateway.abruf.dienst import Dienst, Ergebnis, Frage, refused
from gateway.abruf.fremdantwort import (
    GepruefteAntwort,
    GesendeteAnfrage,
    Vermittelt,
    Vorgang,
    Ziel,
    anzahl_personen,
    fuer_den_fragenden,
    lies,
)
from gateway.envelope.parse import ANSWER
from gateway.errors import Fault, FaultCode, Ruecksendung
from gateway.meldewesen.anfrage import (
    MAX_TREFFER,
    FreieSuche,
    Rueckweisungsgrund,
    Stelle,
    Suchbereich,
)
from gateway.meldewesen.laender import LAENDER
from gateway.meldewesen.reichweite import Reichweite
from gateway.ports import Ausfall, Fremdantwort, LandNichtErreichbar, UuidReused, Weg
from gateway.vorgang import log
from gateway.xmeld.schreiben import MELDEBEHOERDE, VERZEICHNISDIENST
from gateway.xmeld.weiterreichen import (
    als_eigene_anfrage,
    benenne,
    serialise,
)

#: Since the request came; afterwards no further Gemeinde is asked.
FRIST = timedelta(seconds=25)

#: Nothing was sent, by a decision of this side: the log has said why.
_NICHT_GESENDET = frozenset({Ausfall.AUSGESETZT, Ausfall.BELEGT})


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
    return fuer_den_fragenden(vorgang, antworten)


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


def _rufe_alle_ab(vorgang: Vorgang, teile: Sequence[str | None]) -> list[GepruefteAntwort]:
    """One after the other, until it is decided what is told: nobody is retrieved for nothing.

    Together they are no longer than one may be: they become one message, and stand in one record.
    """
    antworten: list[GepruefteAntwort] = []
    platz = ANSWER.max_bytes
    for teil in teile:
        antworten.append(_rufe_ab(vorgang, teil, platz))
        platz -= len(antworten[-1].nachricht)
        if antworten[-1].kopf.codes or anzahl_personen(antworten) > MAX_TREFFER:
            break
    return antworten


def _rufe_ab(vorgang: Vorgang, teil: str | None, platz: int) -> GepruefteAntwort:
    """One leg, noted whatever becomes of it. Raises LandNichtErreichbar."""
    gateway, spur, land = vorgang.frage.gateway, vorgang.spur, vorgang.ziel.land
    anfrage = _anfrage(vorgang, teil)
    gesendet, digest = gateway.clock(), hashlib.sha256(anfrage.nachricht).digest()
    if spur.wege and time.monotonic() - spur.begonnen > FRIST.total_seconds():
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
        antwort = lies(vorgang, anfrage, fremd.nachricht, platz)
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


def _anfrage(vorgang: Vorgang, teil: str | None) -> GesendeteAnfrage:
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
    return GesendeteAnfrage(kennung, leser, wir.kennung, nachricht)


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
