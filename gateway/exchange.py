"""One exchange, top to bottom: the page that everyone reads first.

bytes in
 1 open       parse hardened; verify; from here on only the signed part exists, and its certificate's authority
 2 choose     exactly one pack by namespace and message
 3 validate   the signed message against the pack's schema
 4 read       XML → the law's terms; from here on no XML
 5 authorise  request × rights → ok or Rueckweisung codes
 6 route      by Gemeindeschluessel or Suchbereich: here, or another Land
 7 answer     search the mirror, shape the answer by what was asked and allowed; or have the other Land answer
 8 close      write XML, validate our own answer, sign
 9 record     Protokoll durable
bytes out

The record comes last because it holds the digest of the very bytes that leave, and because an answer that could not
be closed must be recorded as what it became. Nothing leaves before `record` has returned. ARCHITECTURE.md lists the
lettered deviations of each step.
"""

import hashlib
import uuid
from dataclasses import dataclass
from typing import Any, TypedDict

from lxml import etree

from gateway.abruf import DIENSTE
from gateway.abruf.dienst import Dienst, Ergebnis, Frage, check_header, protokollinhalt, refused
from gateway.abruf.fremdantwort import Vermittelt, Vorgang
from gateway.abruf.suchbegriffe import suchbegriffe
from gateway.abruf.vermittlung import anderes_land, vermittle
from gateway.abruf.zugang import zugang
from gateway.envelope.opened import Opened
from gateway.envelope.parse import parse
from gateway.errors import Fault, FaultCode, GatewayError, Ruecksendung, StoreError
from gateway.log import of_exchange
from gateway.meldewesen.anfrage import NEUTRAL, Abruf, Auskunft, Rueckweisung, Rueckweisungsgrund
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.ports import Nacharbeit, Protokolleintrag, Suchbegriff, Umschlag, UuidReused
from gateway.vorgang import Fassung, Gateway, OwnMessageInvalid, Spur, log
from gateway.xmeld.lesen import read_kennung
from gateway.xmeld.manifest import XMELD_FAMILY
from gateway.xmeld.mapping import Abrufart
from gateway.xmeld.packs import Pack


@dataclass(frozen=True)
class Antwort:
    """A message ready to be closed, and what the Protokoll has to say of it."""

    ergebnis: str
    codes: tuple[str, ...]
    nachricht: bytes
    inhalt: dict[str, object] | None = None
    treffer: int = 0
    nacharbeit: Nacharbeit | None = None
    suchbegriffe: tuple[Suchbegriff, ...] = ()
    mandant: str = ""


@dataclass(frozen=True)
class Reply:
    """The bytes that leave, and whether the transport has to mark them as a fault."""

    body: bytes
    is_fault: bool


@dataclass(frozen=True)
class Closed:
    """The signed reply and its record: what leaves, once `eintrag` is durable."""

    reply: bytes
    eintrag: Protokolleintrag


def exchange(request: bytes, umschlag: Umschlag, gateway: Gateway) -> Reply:
    """Answers one request. Always returns a signed reply of the standard's kind, recorded before it is returned."""
    spur = Spur(gateway.clock(), hashlib.sha256(request).digest())
    with of_exchange(spur.vorgang):
        return _exchange(request, umschlag, gateway, spur)


def _exchange(request: bytes, umschlag: Umschlag, gateway: Gateway, spur: Spur) -> Reply:
    try:
        closed = _process(request, umschlag, gateway, spur)
    except Fault as fault:
        closed = _close_fault(fault, umschlag, gateway, spur)
    except Exception as error:  # a bug of ours: the sender gets a fault, the operator its type and place
        spur.log_bug(error)
        closed = _close_fault(Fault(FaultCode.INTERNAL), umschlag, gateway, spur)
    return _record(closed, umschlag, gateway, spur)


def refuse(fault: Fault, request_head: bytes, umschlag: Umschlag, gateway: Gateway) -> Reply:
    """The recorded, signed fault for a request that the transport did not let in whole."""
    spur = Spur(gateway.clock(), hashlib.sha256(request_head).digest())
    with of_exchange(spur.vorgang):
        return _record(_close_fault(fault, umschlag, gateway, spur), umschlag, gateway, spur)


def _process(request: bytes, umschlag: Umschlag, gateway: Gateway, spur: Spur) -> Closed:
    # 1 open
    opened = spur.opened = umschlag.open(request, spur.empfangen)
    behoerde = _behoerde_of(opened, gateway, spur)
    spur.done("open")
    try:
        antwort = _answer_message(opened, behoerde, gateway, spur)
    except Ruecksendung as ruecksendung:
        antwort = _write_ruecksendung(ruecksendung, behoerde, gateway, spur)
    # 8 close
    reply = umschlag.close(antwort.nachricht, gateway.clock())
    spur.done("close")
    return Closed(reply, _eintrag(spur, umschlag, gateway, reply, antwort))


def _answer_message(opened: Opened, behoerde: Behoerde, gateway: Gateway, spur: Spur) -> Antwort:
    # 2 choose
    root = parse(opened.nachricht, gateway.limits)
    dienst, fassung = _choose(root, gateway, spur)
    spur.done("choose")
    # 3 validate
    _validate(root, dienst, fassung.pack, spur)
    spur.done("validate")
    # 4 read
    art = fassung.mapping.abrufe[dienst.nachrichtentyp]
    anfrage = _read(root, dienst, art, spur)
    spur.done("read")
    frage = Frage(anfrage, behoerde, art, gateway, spur.empfangen)
    try:
        # 5 authorise, 6 route, 7 answer
        ergebnis = _answer(frage, dienst, fassung, root, spur)
        if isinstance(ergebnis, Vermittelt):
            antwort = _hand_on(frage, ergebnis)
        else:
            antwort = _write(frage, dienst, ergebnis, fassung, spur)
        if antwort.treffer:  # what cannot be counted is not told
            gateway.kontingente.buche_treffer(behoerde, frage.heute, antwort.treffer)
    except StoreError as error:
        log.error("store not available exchange=%s reason=%s", spur.vorgang, error)
        grund = "Das Register ist zurzeit nicht erreichbar. Bitte wiederholen Sie die Anfrage später."
    except (Fault, Ruecksendung):
        raise
    except Exception as error:
        spur.log_bug(error)
        grund = f"Interner Fehler. Bitte nennen Sie dem Betreiber die Nachricht {anfrage.kennung.uuid}."
    else:
        return antwort
    ergebnis = Ergebnis(Rueckweisung((Rueckweisungsgrund("16", grund),)))
    return _write(frage, dienst, ergebnis, fassung, spur)


def _behoerde_of(opened: Opened, gateway: Gateway, spur: Spur) -> Behoerde:
    try:
        behoerde = gateway.behoerden.of_certificate(opened.fingerprint)
        of_reply = gateway.behoerden.of_certificate(opened.reply_fingerprint) if opened.reply_fingerprint else behoerde
    except StoreError as error:
        log.error("store not available reason=%s", error)
        raise Fault(FaultCode.STORE_UNAVAILABLE) from None
    if behoerde is None:
        raise Fault(FaultCode.AUTHORITY_UNKNOWN)
    spur.behoerde = behoerde  # who is refused is recorded too
    if behoerde.gesperrt:
        raise Fault(FaultCode.AUTHORITY_BLOCKED)
    if not behoerde.zugang.gesperrte_zertifikate.isdisjoint((opened.fingerprint, opened.reply_fingerprint)):
        raise Fault(FaultCode.CERTIFICATE_BLOCKED)
    if (
        of_reply is None or of_reply.kennung != behoerde.kennung
    ):  # who passes a request on must not be the one who can read its answer
        raise Fault(FaultCode.REPLY_CIPHER_FOREIGN)
    if not gateway.kontingente.im_takt(behoerde):
        raise Fault(FaultCode.TOO_MANY_REQUESTS)
    return behoerde


def _choose(root: etree._Element, gateway: Gateway, spur: Spur) -> tuple[Dienst[Any], Fassung]:
    try:
        pack, nachrichtentyp = gateway.packs.choose(root)
    except Fault as fault:
        raise _not_spoken(root, fault, spur) from None
    if nachrichtentyp not in gateway.dienste:
        raise _not_spoken(root, Fault(FaultCode.MESSAGE_NOT_ACCEPTED), spur)
    spur.fassung = gateway.fassungen[pack.name]
    return DIENSTE[nachrichtentyp], spur.fassung


def _not_spoken(root: etree._Element, fault: Fault, spur: Spur) -> GatewayError:
    """A message of the standard that can be identified goes back, whatever its version; anything else is a fault."""
    spur.kennung = read_kennung(root)
    family = XMELD_FAMILY.fullmatch(etree.QName(root).namespace or "")
    return Ruecksendung("V000") if family and spur.kennung else fault


def _validate(root: etree._Element, dienst: Dienst[Any], pack: Pack, spur: Spur) -> None:
    if pack.is_valid(root):
        return
    hinweis = pack.explain(root).hinweis
    spur.kennung = read_kennung(root)
    if spur.kennung is None or spur.kennung.nachrichtentyp != dienst.nachrichtentyp:
        raise Fault(FaultCode.NOT_IDENTIFIABLE, hinweis)
    raise Ruecksendung("X001", hinweis)


def _read(root: etree._Element, dienst: Dienst[Any], art: Abrufart, spur: Spur) -> Abruf:
    try:
        anfrage: Abruf = dienst.read(root, art)
    except Exception:  # whatever it was, the answer must name what it answers
        spur.kennung = read_kennung(root)
        raise
    spur.kennung = anfrage.kennung
    return anfrage


def _answer(
    frage: Frage[Any], dienst: Dienst[Any], fassung: Fassung, root: etree._Element, spur: Spur
) -> Ergebnis | Vermittelt:
    check_header(frage.anfrage, dienst.nachrichtentyp, frage.behoerde)
    if dagegen := zugang(frage):
        return refused(*dagegen)
    if ziel := anderes_land(frage, dienst):
        vermittelt = vermittle(Vorgang(frage, dienst, fassung, root, spur, ziel))
        spur.done("forward")
        return vermittelt
    dienst.route(frage.anfrage, frage.gateway)
    ergebnis = dienst.answer(frage)
    spur.done("answer")
    return ergebnis


def _write(frage: Frage[Any], dienst: Dienst[Any], ergebnis: Ergebnis, fassung: Fassung, spur: Spur) -> Antwort:
    anfrage, auskunft = frage.anfrage, ergebnis.inhalt
    nachricht = fassung.schreiber.antwort(dienst.antwort, anfrage, auskunft, frage.gateway.now(), str(uuid.uuid4()))
    fassung.check(nachricht)
    inhalt = protokollinhalt(anfrage, frage.behoerde, dienst.inhalt(anfrage, ergebnis))
    spur.done("write")
    nacharbeit = _nacharbeit(frage, auskunft, spur) if dienst.nacharbeit(auskunft) else None
    if isinstance(auskunft, Rueckweisung):
        return Antwort(
            "rueckweisung", _codes(auskunft), nachricht, nacharbeit=nacharbeit, **_protokolliert(frage, inhalt)
        )
    return Antwort(
        *("auskunft", (auskunft.status,), nachricht),
        treffer=len(ergebnis.treffer),
        nacharbeit=nacharbeit,
        **_protokolliert(frage, inhalt),
    )


def _codes(rueckweisung: Rueckweisung) -> tuple[str, ...]:
    """Those of the standard, and which of the operator's own limits it was."""
    gruende = rueckweisung.gruende
    codes = [grund.code for grund in gruende] + [grund.marke for grund in gruende if grund.marke]
    return tuple(dict.fromkeys(codes))


def _hand_on(frage: Frage[Any], vermittelt: Vermittelt) -> Antwort:
    """What may have to follow, the other Land does: its register knows whom the answer hid."""
    inhalt = _protokolliert(frage, protokollinhalt(frage.anfrage, frage.behoerde, vermittelt.abgerufen))
    if vermittelt.codes:
        return Antwort("rueckweisung", vermittelt.codes, vermittelt.nachricht, **inhalt)
    return Antwort("auskunft", (vermittelt.status,), vermittelt.nachricht, treffer=vermittelt.personen, **inhalt)


class _Protokolliert(TypedDict, total=False):
    inhalt: dict[str, object]
    suchbegriffe: tuple[Suchbegriff, ...]
    mandant: str


def _protokolliert(frage: Frage[Any], inhalt: dict[str, object] | None) -> _Protokolliert:
    """What § 40 BMG has recorded, by what it is found, for whose eyes it is; nothing where the authority records."""
    if inhalt is None:
        return {}
    return {
        "inhalt": inhalt,
        "suchbegriffe": suchbegriffe(frage.anfrage, frage.behoerde.kennung, inhalt),
        "mandant": frage.behoerde.kennung if frage.rolle is Rolle.SICHERHEIT else "",
    }


def _nacharbeit(frage: Frage[Any], auskunft: Auskunft | Rueckweisung, spur: Spur) -> Nacharbeit:
    """The same of blocked and absent: nothing on the answer's path knows which it was."""
    assert spur.opened is not None, "a request was read before it was opened"
    neutral = isinstance(auskunft, Rueckweisung) or auskunft == NEUTRAL
    return Nacharbeit(spur.opened.nachricht, frage.behoerde, spur.empfangen, neutral)


def _write_ruecksendung(ruecksendung: Ruecksendung, behoerde: Behoerde, gateway: Gateway, spur: Spur) -> Antwort:
    """0910 to the authority whose certificate signed: the message's own header may be what is wrong."""
    if spur.kennung is None:
        raise Fault(FaultCode.NOT_IDENTIFIABLE)
    own = spur.fassung if spur.fassung and spur.fassung.pack.is_standard else None
    fassung = own or gateway.fassungen[gateway.packs.newest_on(gateway.now().date()).name]
    nachricht = fassung.schreiber.ruecksendung(
        spur.kennung, behoerde, ruecksendung.grund, ruecksendung.hinweis, gateway.now(), str(uuid.uuid4())
    )
    try:
        fassung.check(nachricht)
    except OwnMessageInvalid:  # the original's type is not in the version's list: unknown there, or a house message
        raise Fault(FaultCode.NOT_IDENTIFIABLE, ruecksendung.hinweis) from None
    spur.done("write")
    return Antwort("ruecksendung", (ruecksendung.grund,), nachricht)


def _close_fault(fault: Fault, umschlag: Umschlag, gateway: Gateway, spur: Spur) -> Closed:
    reply = _fault(fault, umschlag, gateway, spur)
    spur.done("close")
    return Closed(reply, _eintrag(spur, umschlag, gateway, reply, None, fault.code.name))


def _fault(fault: Fault, umschlag: Umschlag, gateway: Gateway, spur: Spur) -> bytes:
    """A bug in saying no must not leave a request without its record."""
    try:
        return umschlag.fault(fault.code, fault.detail, gateway.clock())
    except Exception as error:
        spur.log_bug(error)
        return umschlag.notfall


def _eintrag(
    spur: Spur, umschlag: Umschlag, gateway: Gateway, reply: bytes, antwort: Antwort | None, fault: str = ""
) -> Protokolleintrag:
    spur.ergebnis = antwort.ergebnis if antwort else "fault"
    spur.codes = (antwort.codes if antwort else (fault,)) + (spur.opened.marken if spur.opened else ())
    return Protokolleintrag(
        empfangen=spur.empfangen,
        beantwortet=gateway.clock(),
        transport=umschlag.name,
        anfrage_digest=spur.anfrage_digest,
        antwort_digest=hashlib.sha256(reply).digest(),
        ergebnis=spur.ergebnis,
        codes=spur.codes,
        behoerde=spur.behoerde.kennung if spur.behoerde else None,
        fingerprint=spur.opened.fingerprint if spur.opened else None,
        nachrichtentyp=spur.kennung.nachrichtentyp if spur.kennung else None,
        nachricht_uuid=spur.kennung.uuid if spur.kennung else None,
        nachricht_digest=hashlib.sha256(spur.opened.nachricht).digest() if spur.opened else None,
        treffer=antwort.treffer if antwort else 0,
        vermittlung=tuple(spur.wege),
        inhalt=antwort.inhalt if antwort else None,
        suchbegriffe=antwort.suchbegriffe if antwort else (),
        mandant=antwort.mandant if antwort else "",
        nacharbeit=antwort.nacharbeit if antwort else None,
    )


def _record(closed: Closed, umschlag: Umschlag, gateway: Gateway, spur: Spur) -> Reply:
    """9 record. The reply is released by the durable record, and by nothing else."""
    try:
        gateway.protokoll.record(closed.eintrag)
        reply = closed.reply
    except UuidReused:
        fault = _close_fault(Fault(FaultCode.UUID_REUSED), umschlag, gateway, spur)  # a fault claims no UUID
        return _record(fault, umschlag, gateway, spur)
    except Exception as error:  # whatever it is: nothing leaves that was not recorded
        reason = error if isinstance(error, StoreError) else type(error).__name__
        sent = " ".join(weg.uuid for weg in spur.wege) or "-"  # other Laender have a record of these
        log.error("not recorded exchange=%s reason=%s sent=%s", spur.vorgang, reason, sent)
        spur.ergebnis, spur.codes = "fault", (FaultCode.NOT_RECORDED.name,)
        reply = _fault(Fault(FaultCode.NOT_RECORDED), umschlag, gateway, spur)
    spur.done("record")
    gateway.observe(spur)
    return Reply(reply, spur.ergebnis == "fault")
