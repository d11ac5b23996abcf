"""One answered request, looked at again: the page of what follows an answer. Nothing here is on an answer's path.

1 read    the request as it was signed, by its own version
2 find    the same search, with every block seen through
3 judge   whom the answer hid, and what the law demands for each
4 write   the messages, valid against their packs
"""

import hashlib
import uuid
from dataclasses import dataclass
from typing import Any

from gateway.abruf import DIENSTE
from gateway.abruf.dienst import Dienst, Frage
from gateway.envelope.parse import parse
from gateway.meldewesen.anfrage import Abruf
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.folgen import Ersuchen, Folge, Folgeart, folgen
from gateway.meldewesen.regeln import wirksame_rolle
from gateway.meldewesen.sperren import OFFEN
from gateway.meldewesen.unterrichtung import Unterrichtung
from gateway.meldewesen.werte import Gemeindeschluessel
from gateway.ports import Nacharbeit, Sendung, Treffer
from gateway.vorgang import BERLIN, Fassung, Gateway
from gateway.xmeld.mapping import AUSSTEUERUNG, UNTERRICHTUNG

#: More than a list has and are blocked in any Land: all of them are looked at, but a bug does not fill the memory.
HOECHSTENS = 20_000

#: The pack of the notice of § 34 (5) BMG, a message of the house.
UNTERRICHTUNGSPACK = "unterrichtung-1"


@dataclass(frozen=True)
class _Vorgang:
    """A request that was read again."""

    frage: Frage[Any]
    dienst: Dienst[Any]
    fassung: Fassung
    nacharbeit: Nacharbeit


def folgere(nacharbeit: Nacharbeit, gateway: Gateway) -> tuple[Sendung, ...]:
    """The messages that a request leads to; none where the answer hid nobody. Raises StoreError, GatewayError."""
    vorgang = _read(nacharbeit, gateway)
    ersuchen = _ersuchen(vorgang)
    return tuple(
        _send(vorgang, folge, treffer, gateway)
        for treffer in vorgang.dienst.finde(vorgang.frage, OFFEN, HOECHSTENS)
        for folge in folgen(ersuchen, treffer.datensatz, vorgang.frage.heute)
    )


def _read(nacharbeit: Nacharbeit, gateway: Gateway) -> _Vorgang:
    root = parse(nacharbeit.nachricht, gateway.limits)
    pack, nachrichtentyp = gateway.packs.choose(root)
    dienst, fassung = DIENSTE[nachrichtentyp], gateway.fassungen[pack.name]
    art = fassung.mapping.abrufe[nachrichtentyp]
    anfrage: Abruf = dienst.read(root, art)
    frage = Frage(anfrage, nacharbeit.behoerde, art, gateway, nacharbeit.empfangen)
    return _Vorgang(frage, dienst, fassung, nacharbeit)


def _ersuchen(vorgang: _Vorgang) -> Ersuchen:
    anfrage = vorgang.frage.anfrage
    return Ersuchen(
        aussteuerbar=vorgang.fassung.pack.is_standard,  # § 39a (3) BMG does not name § 34a (5) S. 2
        neutral=vorgang.nacharbeit.neutral,
        verzicht=anfrage.verzicht_auf_mitteilung,
        sicherheitsbehoerde=_is_sicherheitsbehoerde(anfrage, vorgang.frage.behoerde),
    )


def _is_sicherheitsbehoerde(anfrage: Abruf, behoerde: Behoerde) -> bool:
    """§ 34 (5) S. 3 BMG looks at who asks, also where it asks as a simple one; whom a zentrale Stelle passes on, the
    request says. The FIU is not among the bodies of § 34 (4) S. 1: the Meldebehoerde is told to inform the person.
    """
    rolle = wirksame_rolle(anfrage, behoerde) if behoerde.zentrale_stelle else behoerde.rolle
    return rolle is Rolle.SICHERHEIT


def _send(vorgang: _Vorgang, folge: Folge, treffer: Treffer, gateway: Gateway) -> Sendung:
    own = str(uuid.uuid4())
    if folge.art is Folgeart.AUSSTEUERUNG:
        typ, fassung = AUSSTEUERUNG, vorgang.fassung
        nachricht = _aussteuerung(vorgang, treffer, gateway, own)
    else:
        typ, fassung = UNTERRICHTUNG, gateway.fassungen[UNTERRICHTUNGSPACK]
        nachricht = fassung.schreiber.unterrichtung(_unterrichtung(vorgang, folge, treffer), gateway.now(), own)
    fassung.check(nachricht)
    return Sendung(_id(vorgang, folge, treffer), own, typ, folge.art.value, folge.empfaenger, nachricht)


def _aussteuerung(vorgang: _Vorgang, treffer: Treffer, gateway: Gateway, own: str) -> bytes:
    ags, nummer = Gemeindeschluessel(treffer.datensatz["ags"]), treffer.datensatz["ordnungsmerkmal"]
    original, art = vorgang.nacharbeit.nachricht, vorgang.dienst.nachrichtentyp
    return vorgang.fassung.schreiber.aussteuerung(ags, nummer, original, art, gateway.now(), own)


def _unterrichtung(vorgang: _Vorgang, folge: Folge, treffer: Treffer) -> Unterrichtung:
    frage = vorgang.frage
    empfangen = frage.jetzt.astimezone(BERLIN).isoformat(timespec="milliseconds")
    return Unterrichtung(folge, treffer.datensatz, frage.anfrage, frage.behoerde, empfangen)


def _id(vorgang: _Vorgang, folge: Folge, treffer: Treffer) -> bytes:
    """The same for a repetition of the request, so that nothing is done twice: who asked what, about whom, for whom."""
    frage = vorgang.frage
    parts = (
        *(frage.behoerde.kennung, frage.anfrage.kennung.uuid.lower(), folge.art.value, folge.empfaenger),
        *(folge.veranlassende_stelle or "", hashlib.sha256(vorgang.nacharbeit.nachricht).hexdigest()),
        treffer.merkmal.hex(),
    )
    return hashlib.sha256("\0".join(parts).encode("utf-8")).digest()
