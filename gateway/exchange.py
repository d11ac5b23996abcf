"""One exchange, top to bottom: the page that everyone reads first.

bytes in
 1 open       parse hardened; verify; from here on only the signed part exists, and its certificate's authority
 2 choose     exactly one pack by namespace and message
 3 validate   the signed message against the pack's schema
 4 read       XML → Personensuche; from here on no XML
 5 authorise  request × rights → ok or Rueckweisung codes
 6 route      by Gemeindeschluessel: here, or (later) another Land
 7 answer     search the mirror, shape the answer by what was asked and allowed
 8 close      write XML, validate our own answer, sign
 9 record     Protokoll durable
bytes out

The record comes last because it holds the digest of the very bytes that leave, and because an answer that could not
be closed must be recorded as what it became. Nothing leaves before `record` has returned. ARCHITECTURE.md lists the
lettered deviations of each step.
"""

import hashlib
import logging
import re
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from lxml import etree

from gateway.envelope.opened import Opened
from gateway.envelope.parse import Limits, parse
from gateway.errors import Fault, FaultCode, Ruecksendung, StoreError
from gateway.meldewesen.anfrage import (
    EINDEUTIG,
    MAX_TREFFER,
    NEUTRAL,
    TREFFERLISTE,
    Auskunft,
    Nachrichtenkennung,
    Person,
    Personensuche,
    Rueckweisung,
    Rueckweisungsgrund,
)
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.datensatz import Datensatz
from gateway.meldewesen.regeln import Pruefling, ordered, pruefe, wirksame_rolle
from gateway.meldewesen.suchformen import Suchformen, formen_der_anfrage
from gateway.ports import Behoerden, Merkmale, Protokoll, Protokolleintrag, Spiegel, Treffer, Umschlag, UuidReused
from gateway.xmeld.lesen import read_kennung, read_personensuche
from gateway.xmeld.mapping import Mapping as XmeldMapping
from gateway.xmeld.packs import Pack, Packs
from gateway.xmeld.schreiben import Absender, Schreiber

log = logging.getLogger(__name__)

BERLIN = ZoneInfo("Europe/Berlin")
PERSONENSUCHE = "1330"
#: Namespaces of all versions of the standard, handled here or not.
XMELD_FAMILY = re.compile(r"http://www\.osci\.de/xmeld\d{4}[a-z]?")


@dataclass
class Spur:
    """What is known of an exchange so far, for record and log. Steps write it; none reads it."""

    empfangen: datetime
    anfrage_digest: bytes
    opened: Opened | None = None
    behoerde: Behoerde | None = None
    kennung: Nachrichtenkennung | None = None
    ergebnis: str = ""
    codes: tuple[str, ...] = ()
    zeiten: dict[str, int] = field(default_factory=dict)  # step → nanoseconds
    _last: int = field(default_factory=time.perf_counter_ns)

    @property
    def vorgang(self) -> str:
        """The exchange's name in logs: the head of its digest in the Protokoll."""
        return self.anfrage_digest.hex()[:16]

    def done(self, step: str) -> None:
        """Marks the end of a step."""
        now = time.perf_counter_ns()
        self.zeiten[step] = self.zeiten.get(step, 0) + now - self._last
        self._last = now


@dataclass(frozen=True)
class Gateway:
    """Everything that an exchange needs. Built in `bootstrap`."""

    land: str
    gemeinden: frozenset[str]  # AGS that the mirror serves; empty: every one of the Land
    packs: Packs
    mappings: Mapping[str, XmeldMapping]  # by pack name
    absender: Absender
    behoerden: Behoerden
    spiegel: Spiegel
    merkmale: Merkmale
    protokoll: Protokoll
    limits: Limits
    clock: Callable[[], datetime]
    observe: Callable[[Spur], None]

    def serves(self, leser: str) -> bool:
        """Whether the reader's key names a municipality of this mirror."""
        prefix, _, ags = leser.partition(":")
        return prefix == "ags" and (ags in self.gemeinden if self.gemeinden else ags.startswith(self.land))


@dataclass(frozen=True)
class Antwort:
    """A message ready to be closed, and what the Protokoll has to say of it."""

    ergebnis: str
    codes: tuple[str, ...]
    nachricht: etree._Element
    inhalt: dict[str, object] | None = None
    treffer: int = 0


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
    try:
        closed = _process(request, umschlag, gateway, spur)
    except Fault as fault:
        closed = _close_fault(fault, umschlag, gateway, spur)
    except Exception as error:  # a bug of ours: the sender gets a fault, the operator a trace without message texts
        _log_bug(error, spur)
        closed = _close_fault(Fault(FaultCode.INTERNAL), umschlag, gateway, spur)
    return _record(closed, umschlag, gateway, spur)


def refuse(fault: Fault, request_head: bytes, umschlag: Umschlag, gateway: Gateway) -> Reply:
    """The recorded, signed fault for a request that the transport did not let in whole."""
    spur = Spur(gateway.clock(), hashlib.sha256(request_head).digest())
    return _record(_close_fault(fault, umschlag, gateway, spur), umschlag, gateway, spur)


def _process(request: bytes, umschlag: Umschlag, gateway: Gateway, spur: Spur) -> Closed:
    # 1 open
    opened = spur.opened = umschlag.open(request, spur.empfangen)
    spur.behoerde = behoerde = _behoerde_of(opened, gateway)
    spur.done("open")
    try:
        antwort = _steps(opened, behoerde, gateway, spur)
    except Ruecksendung as ruecksendung:
        antwort = _write_ruecksendung(ruecksendung, behoerde, gateway, spur)
    # 8 close
    reply = umschlag.close(etree.tostring(antwort.nachricht, encoding="UTF-8", xml_declaration=True), gateway.clock())
    spur.done("close")
    return Closed(reply, _eintrag(spur, umschlag, gateway, reply, antwort))


def _steps(opened: Opened, behoerde: Behoerde, gateway: Gateway, spur: Spur) -> Antwort:
    # 2 choose
    root = _parse_message(opened.nachricht, gateway)
    pack, nachrichtentyp = _choose(root, gateway, spur)
    spur.done("choose")
    # 3 validate
    _validate(root, pack, nachrichtentyp, spur)
    spur.done("validate")
    # 4 read
    mapping = gateway.mappings[pack.name]
    anfrage = read_personensuche(root, mapping)
    spur.kennung = anfrage.kennung
    spur.done("read")
    schreiber = Schreiber(pack, mapping, gateway.absender)
    try:
        # 5 authorise, 6 route
        _check_sender(anfrage, behoerde)
        _route(anfrage, gateway)
        formen = formen_der_anfrage(anfrage.auswahldaten) if anfrage.auswahldaten else None
        gruende = _authorise(anfrage, behoerde, formen, mapping, gateway)
        spur.done("authorise")
        # 7 answer
        ergebnis, treffer = _answer(anfrage, behoerde, formen, gruende, mapping, gateway, spur.empfangen)
        spur.done("answer")
        return _write(anfrage, behoerde, ergebnis, treffer, schreiber, pack, gateway, spur)
    except StoreError as error:
        log.error("store not available exchange=%s reason=%s", spur.vorgang, error)
        grund = "Das Register ist zurzeit nicht erreichbar. Bitte wiederholen Sie die Anfrage später."
    except (Fault, Ruecksendung):
        raise
    except Exception as error:
        _log_bug(error, spur)
        grund = f"Interner Fehler. Bitte nennen Sie dem Betreiber die Nachricht {anfrage.kennung.uuid}."
    ergebnis = Rueckweisung((Rueckweisungsgrund("16", grund),))
    return _write(anfrage, behoerde, ergebnis, (), schreiber, pack, gateway, spur)


def _behoerde_of(opened: Opened, gateway: Gateway) -> Behoerde:
    behoerde = gateway.behoerden.of_certificate(opened.fingerprint)
    if behoerde is None:
        raise Fault(FaultCode.AUTHORITY_UNKNOWN)
    if behoerde.gesperrt:
        raise Fault(FaultCode.AUTHORITY_BLOCKED)
    return behoerde


def _parse_message(nachricht: bytes, gateway: Gateway) -> etree._Element:
    return parse(nachricht, gateway.limits)


def _choose(root: etree._Element, gateway: Gateway, spur: Spur) -> tuple[Pack, str]:
    try:
        pack, nachrichtentyp = gateway.packs.choose(root)
    except Fault as fault:
        spur.kennung = read_kennung(root)
        if spur.kennung is not None and XMELD_FAMILY.fullmatch(etree.QName(root).namespace or ""):
            raise Ruecksendung("V000") from fault
        raise
    if nachrichtentyp != PERSONENSUCHE:
        spur.kennung = read_kennung(root)
        raise Ruecksendung("V000") if spur.kennung else Fault(FaultCode.MESSAGE_NOT_ACCEPTED)
    return pack, nachrichtentyp


def _validate(root: etree._Element, pack: Pack, nachrichtentyp: str, spur: Spur) -> None:
    if pack.is_valid(root):
        return
    hinweis = pack.explain(root).hinweis
    spur.kennung = read_kennung(root)
    if spur.kennung is None or spur.kennung.nachrichtentyp != nachrichtentyp:
        raise Fault(FaultCode.NOT_IDENTIFIABLE, hinweis)
    raise Ruecksendung("X001", hinweis)


def _check_sender(anfrage: Personensuche, behoerde: Behoerde) -> None:
    """The author must be the authority whose certificate signed, and § 11 BMeldDAV's fields must say something."""
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


def _route(anfrage: Personensuche, gateway: Gateway) -> None:
    if not gateway.serves(anfrage.leser.kennung):
        raise Ruecksendung("T080", "Der Leser ist keine Meldebehörde, deren Register hier gespiegelt wird.")


def _authorise(
    anfrage: Personensuche,
    behoerde: Behoerde,
    formen: Suchformen | None,
    mapping: XmeldMapping,
    gateway: Gateway,
) -> tuple[Rueckweisungsgrund, ...]:
    gruende = pruefe(Pruefling(anfrage, behoerde, formen, gateway.land))
    codes = mapping.unzulaessig(anfrage.anforderungselemente, wirksame_rolle(anfrage, behoerde))
    return gruende + tuple(Rueckweisungsgrund(code) for code in codes)


def _answer(
    anfrage: Personensuche,
    behoerde: Behoerde,
    formen: Suchformen | None,
    gruende: tuple[Rueckweisungsgrund, ...],
    mapping: XmeldMapping,
    gateway: Gateway,
    now: datetime,
) -> tuple[Auskunft | Rueckweisung, tuple[Treffer, ...]]:
    heute = now.astimezone(BERLIN).date().isoformat()
    if formen is not None and formen.strasse and not gateway.spiegel.kennt_strasse(formen, heute):
        gruende = (*gruende, Rueckweisungsgrund("02"))  # Anlage Nr. 4 f
    if gruende:
        return Rueckweisung(ordered(gruende)), ()
    if formen is None:
        merkmal = gateway.merkmale.open(anfrage.identifikationsmerkmal or "", behoerde.kennung, now)
        if merkmal is None:
            return Rueckweisung((Rueckweisungsgrund("01"),)), ()
        found = gateway.spiegel.hole(merkmal, heute)
        treffer: tuple[Treffer, ...] = (found,) if found else ()
    else:
        treffer = tuple(gateway.spiegel.suche(formen, heute, MAX_TREFFER + 1))
    if len(treffer) > MAX_TREFFER:
        return Rueckweisung((Rueckweisungsgrund("12"),)), ()
    return _shape(treffer, anfrage, behoerde, mapping, gateway, now, heute), treffer


def _shape(
    treffer: tuple[Treffer, ...],
    anfrage: Personensuche,
    behoerde: Behoerde,
    mapping: XmeldMapping,
    gateway: Gateway,
    now: datetime,
    heute: str,
) -> Auskunft:
    if not treffer:
        return NEUTRAL
    if len(treffer) == 1:
        return Auskunft(EINDEUTIG, (Person(mapping.person(treffer[0].datensatz, anfrage.anforderungselemente, heute)),))
    return Auskunft(
        TREFFERLISTE,
        tuple(
            Person(mapping.treffer(t.datensatz), gateway.merkmale.seal(t.merkmal, behoerde.kennung, now))
            for t in treffer
        ),
    )


def _write(
    anfrage: Personensuche,
    behoerde: Behoerde,
    ergebnis: Auskunft | Rueckweisung,
    treffer: tuple[Treffer, ...],
    schreiber: Schreiber,
    pack: Pack,
    gateway: Gateway,
    spur: Spur,
) -> Antwort:
    jetzt = gateway.clock().astimezone(BERLIN)
    nachricht = schreiber.antwort(anfrage, ergebnis, jetzt, str(uuid.uuid4()))
    if not pack.is_valid(nachricht):
        raise AssertionError(f"own answer is invalid: {pack.explain(nachricht).hinweis}")
    inhalt = _inhalt(anfrage, behoerde, ergebnis, treffer)
    spur.done("write")
    if isinstance(ergebnis, Rueckweisung):
        codes = tuple(dict.fromkeys(grund.code for grund in ergebnis.gruende))
        return Antwort("rueckweisung", codes, nachricht, inhalt)
    return Antwort("auskunft", (ergebnis.status,), nachricht, inhalt, len(treffer))


def _inhalt(
    anfrage: Personensuche,
    behoerde: Behoerde,
    ergebnis: Auskunft | Rueckweisung,
    treffer: tuple[Treffer, ...],
) -> dict[str, object] | None:
    """The content of § 40 (1) BMG; None where the authority keeps the Protokoll itself (§ 40 (3))."""
    stelle = anfrage.abrufende_stelle
    if wirksame_rolle(anfrage, behoerde) is Rolle.SICHERHEIT and not behoerde.protokoll_beauftragt:
        return None
    personen = ergebnis.personen if isinstance(ergebnis, Auskunft) else ()
    return {
        "abrufberechtigte_stelle": {
            "name": stelle.behoerdenname,
            "anschrift": stelle.anschrift,
            "erreichbarkeit": stelle.erreichbarkeit,
        },
        "aktenzeichen": stelle.aktenzeichen,
        "anlass": stelle.anlass,
        "kennung": stelle.kennung,
        "anforderungselemente": sorted(anfrage.anforderungselemente, key=int),
        "treffer": [
            {**_kennzeichen(t.datensatz), "daten": person.daten} for t, person in zip(treffer, personen, strict=True)
        ],
    }


def _kennzeichen(datensatz: Datensatz) -> dict[str, object]:
    return {"ags": datensatz["ags"], "ordnungsmerkmal": datensatz["ordnungsmerkmal"]}


def _write_ruecksendung(ruecksendung: Ruecksendung, behoerde: Behoerde, gateway: Gateway, spur: Spur) -> Antwort:
    """0910 to the authority whose certificate signed: the message's own header may be what is wrong."""
    if spur.kennung is None:
        raise Fault(FaultCode.NOT_IDENTIFIABLE)
    pack = gateway.packs.newest
    schreiber = Schreiber(pack, gateway.mappings[pack.name], gateway.absender)
    jetzt = gateway.clock().astimezone(BERLIN)
    nachricht = schreiber.ruecksendung(
        spur.kennung, behoerde, ruecksendung.grund, ruecksendung.hinweis, jetzt, str(uuid.uuid4())
    )
    if not pack.is_valid(nachricht):  # the original's type is not in this version's list
        raise Fault(FaultCode.NOT_IDENTIFIABLE, ruecksendung.hinweis)
    spur.done("write")
    return Antwort("ruecksendung", (ruecksendung.grund,), nachricht)


def _close_fault(fault: Fault, umschlag: Umschlag, gateway: Gateway, spur: Spur) -> Closed:
    reply = umschlag.fault(fault.code, fault.detail, gateway.clock())
    spur.done("close")
    return Closed(reply, _eintrag(spur, umschlag, gateway, reply, None, fault.code.name))


def _eintrag(
    spur: Spur, umschlag: Umschlag, gateway: Gateway, reply: bytes, antwort: Antwort | None, fault: str = ""
) -> Protokolleintrag:
    spur.ergebnis = antwort.ergebnis if antwort else "fault"
    spur.codes = antwort.codes if antwort else (fault,)
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
        inhalt=antwort.inhalt if antwort else None,
    )


def _record(closed: Closed, umschlag: Umschlag, gateway: Gateway, spur: Spur) -> Reply:
    """9 record. The reply is released by the durable record, and by nothing else."""
    try:
        gateway.protokoll.record(closed.eintrag)
        reply = closed.reply
    except UuidReused:
        fault = _close_fault(Fault(FaultCode.UUID_REUSED), umschlag, gateway, spur)  # a fault claims no UUID
        return _record(fault, umschlag, gateway, spur)
    except StoreError as error:
        log.error("not recorded exchange=%s reason=%s", spur.vorgang, error)
        spur.ergebnis, spur.codes = "fault", (FaultCode.NOT_RECORDED.name,)
        reply = umschlag.fault(FaultCode.NOT_RECORDED, "", gateway.clock())
    spur.done("record")
    gateway.observe(spur)
    return Reply(reply, spur.ergebnis == "fault")


def _log_bug(error: Exception, spur: Spur) -> None:
    """Type and place only: an exception's text may hold personal data."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else "?"
    log.error("bug exchange=%s type=%s place=%s", spur.vorgang, type(error).__name__, place)
