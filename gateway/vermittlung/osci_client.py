"""One retrieval at another Land over OSCI-Transport 1.2: [GetMessageId,] InitDialog, MediateDelivery, ExitDialog.

All of it has one deadline. What has failed before the MediateDelivery has left is tried once more, for nothing can
have happened twice; afterwards nothing is.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime

from gateway.envelope.osci.client import (
    Abgelehnt,
    Adressat,
    Antwort,
    Fremdinhalt,
    Intermediaer,
    OsciDialog,
    OsciTeilnehmer,
)
from gateway.envelope.osci.recipient import OsciSchluessel
from gateway.envelope.zertifikate import Purpose
from gateway.errors import ConfigError, Fault, FaultCode
from gateway.ports import Ausfall, LandNichtErreichbar
from gateway.vermittlung.gegenstelle import Gegenstelle
from gateway.vermittlung.sicherung import Uebertragungsfehler
from gateway.zustellung.http import HttpReply, ReplyTooLarge, SendError, Trust, post
from gateway.zustellung.verbindung import Deadline

log = logging.getLogger(__name__)

#: Among the codes of an answer whose dialog could not be ended: what follows it says why.
EXIT_FAILED = "EXIT_FAILED"

_HEADERS = {"Content-Type": "text/xml"}
_SYSTEM = Trust()
_EXIT_SECONDS = 3.0  # the answer is there and waits
_FAILURES = (SendError, Fault, Abgelehnt, ConfigError)

#: With these the intermediary says that the register behind it is the one that fails.
_REGISTER_FAILS = frozenset({"9808", "9809", "9810"})
_SILENT = frozenset({Ausfall.VERBINDUNG, Ausfall.ZEIT})


@dataclass(frozen=True)
class Vermittelt:
    """The other Land's message. `autor`: SHA-256 of the certificate of its author; `codes` in the order they came."""

    nachricht: bytes = field(repr=False)
    autor: str
    codes: tuple[str, ...]


class LandAntwortetNicht(LandNichtErreichbar, Uebertragungsfehler):
    """Of a kind that counts against the Land."""


class OsciClient:
    """Safe to share between threads; each retrieval is a dialog of its own."""

    def __init__(self, shared: OsciTeilnehmer, tls: Trust = _SYSTEM) -> None:
        """`tls`: who may have issued the certificates of https intermediaries."""
        self._shared = shared
        self._tls = tls

    def mediate(self, gegenstelle: Gegenstelle, autor: OsciSchluessel, nachricht: bytes, now: datetime) -> Vermittelt:
        """What the register of `gegenstelle` answers to `nachricht`, signed by `autor`.

        Raises LandNichtErreichbar, of it LandAntwortetNicht, with everything that was reported until then.
        """
        return _Abwicklung(self._shared, self._tls, gegenstelle, autor, now).run(nachricht)


class _Abwicklung:
    """One retrieval: its deadline, its dialog, its one retry, its codes."""

    def __init__(
        self, shared: OsciTeilnehmer, tls: Trust, gegenstelle: Gegenstelle, autor: OsciSchluessel, now: datetime
    ) -> None:
        self._shared = shared
        self._tls = tls
        self._gegenstelle = gegenstelle
        self._autor = autor
        self._now = now
        self._deadline = Deadline(gegenstelle.timeout_seconds)
        self._dialog = self._new_dialog()
        self._codes: dict[str, None] = {}
        self._retried = False

    def run(self, nachricht: bytes) -> Vermittelt:
        self._check_readers()
        try:
            inhalt = self._retrieve(nachricht)
        except _FAILURES as error:
            grund, codes = _what_failed(error)
            self._note(codes)
            self._exit()
            raise self._failure(grund, codes, error) from None
        self._note(self._dialog.marken)
        self._exit()
        return Vermittelt(inhalt.nachricht, inhalt.autor, tuple(self._codes))

    def _check_readers(self) -> None:
        """Before anything is sent: who holds a key that was revoked, nobody knows. Raises LandNichtErreichbar."""
        try:
            for certificate in (self._gegenstelle.intermediaer_cipher, self._gegenstelle.adressat_cipher):
                self._note(self._shared.check_named(certificate, self._now, Purpose.CIPHER))
        except Fault as fault:
            self._note((fault.code.name,))
            raise self._failure(Ausfall.ZERTIFIKAT, (), fault) from None

    def _retrieve(self, nachricht: bytes) -> Fremdinhalt:
        message_id = self._begin()
        adressat = Adressat(self._gegenstelle.adressat, self._gegenstelle.adressat_cipher)
        request = self._dialog.mediate_delivery(nachricht, adressat, message_id)
        try:
            antwort = self._ask(request)
        except SendError as error:
            if error.sent or not self._may_retry(error):
                raise
            antwort = self._ask(request)
        return self._dialog.inhalt(antwort, self._gegenstelle.autoren, self._now)

    def _begin(self) -> bytes | None:
        """Opens the dialog; the MessageId for the delivery, where the Land wants one."""
        try:
            return self._open()
        except SendError as error:
            if not self._may_retry(error):
                raise
        self._dialog = self._new_dialog()
        return self._open()

    def _open(self) -> bytes | None:
        message_id: bytes | None = None
        if self._gegenstelle.mit_message_id:
            message_id = self._ask(self._dialog.get_message_id()).message.message_id
            if not message_id:
                raise Fault(FaultCode.OSCI_SCHEMA_INVALID, "the answer to GetMessageId has no MessageId")
        self._ask(self._dialog.init_dialog())
        return message_id

    def _may_retry(self, error: SendError) -> bool:
        """Once, and not when the time is over."""
        may = not self._retried and not error.late and not isinstance(error, ReplyTooLarge)
        self._retried = True
        return may

    def _exit(self) -> None:
        """Ends the dialog where one is open. That it fails spoils nothing."""
        if not self._dialog.is_open:
            return
        try:
            self._ask(self._dialog.exit_dialog(), _EXIT_SECONDS)
        except _FAILURES as error:
            log.warning("Land %s: the dialog could not be ended: %s", self._gegenstelle.land, error)
            grund, codes = _what_failed(error)
            self._note((EXIT_FAILED, *(codes or (grund.name,))))

    def _ask(self, request: bytes, at_most: float | None = None) -> Antwort:
        """One request and its answer. Raises SendError, Fault, Abgelehnt, ConfigError."""
        reply = self._post(request, at_most)
        try:
            antwort = self._dialog.answer(reply.body, self._now)
        except Fault as fault:
            if reply.status != 200 and fault.code is FaultCode.NOT_MIME:
                text = f"{self._gegenstelle.intermediaer} answers with HTTP {reply.status} and nothing of OSCI"
                raise SendError(text) from None
            raise
        self._note(antwort.codes)
        return antwort

    def _post(self, request: bytes, at_most: float | None) -> HttpReply:
        try:
            remaining = self._deadline.remaining()
        except TimeoutError:
            raise SendError("there is no time left", sent=False, late=True) from None
        seconds = remaining if at_most is None else min(remaining, at_most)
        return post(self._gegenstelle.intermediaer, request, headers=_HEADERS, trust=self._tls, timeout=seconds)

    def _new_dialog(self) -> OsciDialog:
        one = self._gegenstelle
        return OsciDialog(self._shared, self._autor, Intermediaer(one.intermediaer_cipher, one.intermediaer_signatur))

    def _note(self, codes: tuple[str, ...]) -> None:
        self._codes.update(dict.fromkeys(codes))

    def _failure(self, grund: Ausfall, codes: tuple[str, ...], error: Exception) -> LandNichtErreichbar:
        counts = grund in _SILENT or not _REGISTER_FAILS.isdisjoint(codes)
        kind = LandAntwortetNicht if counts else LandNichtErreichbar
        return kind(grund, tuple(self._codes), f"Land {self._gegenstelle.land}: {error}")


def _what_failed(error: Exception) -> tuple[Ausfall, tuple[str, ...]]:
    """How it is told, and with which codes."""
    match error:
        case Abgelehnt():
            return Ausfall.ABGELEHNT, error.codes
        case Fault():
            return Ausfall.UNGLAUBWUERDIG, (error.code.name,)
        case ReplyTooLarge():
            return Ausfall.UNGLAUBWUERDIG, (FaultCode.TOO_LARGE.name,)
        case SendError(late=True):
            return Ausfall.ZEIT, ()
        case _:
            return Ausfall.VERBINDUNG, ()
