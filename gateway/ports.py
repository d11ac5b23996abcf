"""What an exchange needs from outside. The real ones are joined in `bootstrap`; tests may pass others."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum
from typing import NamedTuple
from typing import Protocol as Port

from gateway.envelope.opened import Opened
from gateway.errors import FaultCode, GatewayError
from gateway.meldewesen.behoerde import Behoerde
from gateway.meldewesen.datensatz import Datensatz
from gateway.meldewesen.freie_suche import FreieSuchformen
from gateway.meldewesen.rechte import Verbrauch
from gateway.meldewesen.sperren import Sicht
from gateway.meldewesen.suchformen import Suchformen
from gateway.meldewesen.zweck import Zweck


class Umschlag(Port):
    """A transport's envelope: opens requests, closes answers, and says no in its own words."""

    name: str
    notfall: bytes  # where a fault cannot even be made: says that something failed here, and is not signed

    def open(self, request: bytes, now: datetime) -> Opened:
        """The signed message. Raises Fault for everything that is not a proper signed request."""
        ...

    def close(self, nachricht: bytes, now: datetime) -> bytes:
        """The signed reply that holds `nachricht`."""
        ...

    def fault(self, code: FaultCode, detail: str, now: datetime) -> bytes:
        """The signed fault."""
        ...


@dataclass(frozen=True)
class Treffer:
    """A found record. `merkmal` is the mirror's own random id of the person, for the Identifikationsmerkmal."""

    merkmal: bytes
    datensatz: Datensatz


class ZuVieleTreffer(Exception):
    """More persons match than may be told (§ 1 (4) BMeldDAV); none of their records was read."""


class Spiegel(Port):
    """The mirror. A person hidden by a block is excluded where it searches, so blocked and absent take one path."""

    def kennt_strasse(self, formen: Suchformen, sicht: Sicht) -> bool:
        """Whether the municipality has a street of this normal form (Anlage Nr. 4 f), leaving out those that only
        persons hidden in `sicht` live in. Raises StoreError.
        """
        ...

    def suche(self, formen: Suchformen, sicht: Sicht, hoechstens: int) -> Sequence[Treffer]:
        """The persons who match all of `formen` and are seen in `sicht`. Raises ZuVieleTreffer, StoreError."""
        ...

    def freie_suche(self, formen: FreieSuchformen, sicht: Sicht, hoechstens: int) -> Sequence[Treffer]:
        """As `suche`, for a freie Suche. Raises ZuVieleTreffer, StoreError."""
        ...

    def check(self) -> None:
        """Raises StoreError unless the mirror can be read now."""
        ...

    def hole(self, merkmal: bytes, sicht: Sicht) -> Treffer | None:
        """The person with the mirror's id `merkmal`, unless hidden in `sicht` or gone. Raises StoreError."""
        ...


class Behoerden(Port):
    """The register of authorities."""

    def of_certificate(self, fingerprint: str) -> Behoerde | None:
        """The one authority to which the certificate belongs. Raises StoreError."""
        ...


class Kontingente(Port):
    """How much each authority may have; see `gateway.meldewesen.rechte`. An authority without a limit costs nothing."""

    def im_takt(self, behoerde: Behoerde) -> bool:
        """Whether one more request at this moment is within its requests per second; if so it is counted."""
        ...

    def nimm(self, behoerde: Behoerde, tag: str) -> Verbrauch | None:
        """What it has had on the day (YYYY-MM-DD) before this request, which counts unless a limit was reached.

        None where nothing is limited. Raises StoreError.
        """
        ...

    def buche_treffer(self, behoerde: Behoerde, tag: str, treffer: int) -> None:
        """Counts the persons that an answer tells of. Raises StoreError."""
        ...


class Merkmale(Port):
    """Identifikationsmerkmale: § 39 (2) BMG, § 9 BMeldDAV, Anlage Nr. 5."""

    def seal(self, merkmal: bytes, behoerde: str, now: datetime) -> str:
        """An opaque handle that only `behoerde` (its key) can use, for 48 hours; at most 500 characters."""
        ...

    def open(self, handle: str, behoerde: str, now: datetime) -> bytes | None:
        """The mirror's id behind `handle`; None when unknown, malformed, expired or another authority's."""
        ...


@dataclass(frozen=True)
class Weg:
    """The second leg of an exchange: one retrieval at another Land, § 2 (3) Nds. AG BMG. No personal data."""

    land: str  # two digits
    uuid: str  # of our message
    gesendet: datetime
    beendet: datetime  # answered or given up
    codes: tuple[str, ...]  # what the transport reported, why it was given up, what the answer says
    antwort_uuid: str | None = None
    anfrage_digest: bytes | None = None  # SHA-256 of our message, and of the answer as its author signed it
    antwort_digest: bytes | None = None


@dataclass(frozen=True)
class Fremdantwort:
    """The message with which another Land's register answered, its author's signature verified."""

    nachricht: bytes = field(repr=False)
    codes: tuple[str, ...] = ()  # the transport's reports: of the intermediary and of the register


class LandNichtErreichbar(GatewayError):
    """Another Land's register gave no answer that can be believed. `grund` is one of Ausfall."""

    def __init__(self, grund: "Ausfall", codes: tuple[str, ...] = (), detail: str = "") -> None:
        super().__init__(f"{grund.name}: {detail}" if detail else grund.name)
        self.grund = grund
        self.codes = codes


class Ausfall(Enum):
    """Why a retrieval at another Land gave nothing, and what the one who asked is told of it."""

    NICHT_VERZEICHNET = "Für {land} ist hier keine Verbindung eingerichtet."
    ZERTIFIKAT = "Die Zertifikate, mit denen das Register von {land} zu erreichen ist, sind zurzeit nicht gültig."
    VERSION = "Das Register von {land} nimmt diese Version von XMeld nicht an."
    ZEIT = "Das Register von {land} hat nicht rechtzeitig geantwortet. Bitte wiederholen Sie die Anfrage später."
    VERBINDUNG = "Das Register von {land} ist zurzeit nicht erreichbar. Bitte wiederholen Sie die Anfrage später."
    AUSGESETZT = "Das Register von {land} antwortet zurzeit nicht. Bitte wiederholen Sie die Anfrage später."
    BELEGT = "Es laufen zu viele Anfragen an {land}. Bitte wiederholen Sie die Anfrage."
    ABGELEHNT = "Das Register von {land} hat die Anfrage technisch zurückgewiesen."
    UNGLAUBWUERDIG = "Die Antwort des Registers von {land} war nicht verwertbar."


class Laender(Port):
    """The registers of other Laender, as this Land's zentrale Stelle reaches them."""

    def rufe_ab(self, ags: str, version: str, autor: str, nachricht: bytes, now: datetime) -> Fremdantwort:
        """Sends `nachricht` of the standard's `version` to the register of the municipality (or Land, "09000000").

        `autor` is the zentrale Stelle's key in whose name it is signed. Returns the answer. Raises LandNichtErreichbar.
        """
        ...

    def teile(self, bereich: str) -> Sequence[str]:
        """The Gemeinden of a Suchbereich, where its Land wants a message for each and they are not too many; else none.

        Of a Land that is not known there are none.
        """
        ...

    def zustand(self) -> Mapping[str, str]:
        """Of each Land that was asked, and of a directory that had to be: "closed", "open" or "half-open"."""
        ...


class Suchart(IntEnum):
    """By what a Protokolleintrag can be found; the numbers stand in the store."""

    PERSON = 1  # whose record was told of: AGS and Ordnungsmerkmal
    NAME = 2  # whom request or answer names: see `abruf.suchbegriffe`
    NUTZER = 3  # authority and Kennung
    AKTENZEICHEN = 4
    ANLASS = 5
    GESUCHT = 6  # by what the Protokoll itself was searched: of an Einsicht


class Suchbegriff(NamedTuple):
    """One of them, in the form that is compared. Stored as a keyed digest only."""

    art: Suchart
    wert: str


@dataclass(frozen=True)
class Protokolleintrag:
    """One exchange, § 40 BMG. All but `inhalt` is technical and free of personal data; `inhalt` is stored encrypted."""

    empfangen: datetime
    beantwortet: datetime
    transport: str
    anfrage_digest: bytes  # SHA-256 of the request as received
    antwort_digest: bytes  # SHA-256 of the reply as it leaves
    ergebnis: str  # "auskunft", "rueckweisung", "ruecksendung" or "fault"; "zustellung" of what followed; "einsicht"
    codes: tuple[str, ...] = ()  # status, Rueckweisung codes, 0910 reason or fault code
    behoerde: str | None = None  # key of the authority, once known
    fingerprint: str | None = None
    nachrichtentyp: str | None = None
    nachricht_uuid: str | None = None
    nachricht_digest: bytes | None = None  # SHA-256 of the XMeld message, tells a repetition from a reuse of its UUID
    treffer: int = 0
    vermittlung: "tuple[Weg, ...]" = ()  # the legs to other Laender
    inhalt: dict[str, object] | None = field(default=None, repr=False)
    suchbegriffe: tuple[Suchbegriff, ...] = field(default=(), repr=False)
    mandant: str = ""  # for whose eyes `inhalt` is: the operator's, or the authority's that has commissioned it
    nacharbeit: "Nacharbeit | None" = field(default=None, repr=False)  # stored with the entry or not at all


@dataclass(frozen=True)
class Nacharbeit:
    """An answered request that may have to be followed up, if it hid somebody: §§ 34 (5), 34a (5) S. 2 BMG.

    Whether it did is not known here: of blocked and absent alike there is one, and only what follows the answer looks.
    """

    nachricht: bytes = field(repr=False)  # as it was signed
    behoerde: Behoerde  # whose certificate signed it, as it was registered then
    empfangen: datetime
    neutral: bool  # nobody was told of


class UuidReused(Exception):
    """The authority used this message UUID before with other content; nothing was recorded."""


class Protokoll(Port):
    """The § 40 record. `record` returns when the entry is durable."""

    def record(self, eintrag: Protokolleintrag) -> None:
        """Stores durably. A repetition (same authority, UUID and content) is marked as one.

        Raises UuidReused when the authority's UUID stands recorded with another digest, StoreError when nothing could
        be stored.
        """
        ...

    def check_uuid(self, behoerde: str, uuid: str, nachricht_digest: bytes) -> None:
        """Whether an entry with this message would be recorded, as far as is known now; claims nothing.

        Raises UuidReused, StoreError when that cannot be read.
        """
        ...

    def check(self) -> None:
        """Raises StoreError unless entries can be stored now."""
        ...

    def close(self) -> None:
        """Stores what waits; `record` raises StoreError afterwards."""
        ...


@dataclass(frozen=True)
class Wartend:
    """One Nacharbeit that is due. `inhalt` is None when it cannot be read any more."""

    id: bytes
    versuche: int  # that failed
    inhalt: Nacharbeit | None = field(repr=False)


@dataclass(frozen=True)
class Sendung:
    """A message that has to reach `empfaenger` (key with prefix), once.

    `id` names the thing itself: of two with the same one the second is not sent, so that a request which is repeated
    does nothing twice. `nachricht` is None when it cannot be read any more.
    """

    id: bytes
    uuid: str  # of the message; the receiver tells a repeated delivery by it
    nachrichtentyp: str
    art: str
    empfaenger: str
    nachricht: bytes | None = field(repr=False)
    versuche: int = 0  # that failed


class Nachlauf(Port):
    """What waits to be done after answers: requests to look at again, and messages to deliver. Survives every crash."""

    def allein(self) -> AbstractContextManager[bool]:
        """Whether nobody else works at it meanwhile. Raises StoreError."""
        ...

    def wartende(self, now: datetime, hoechstens: int) -> Sequence[Wartend]:
        """The Nacharbeiten that are due, the oldest first. Raises StoreError."""
        ...

    def erledige(self, ids: Sequence[bytes], sendungen: Sequence[Sendung], faellig: datetime) -> None:
        """Deletes Nacharbeiten and takes in what came of them, due at `faellig`: both or nothing. Raises StoreError."""
        ...

    def vertage(self, wartend: Wartend, faellig: datetime) -> None:
        """Counts a failed try; the Nacharbeit is due again at `faellig`. Raises StoreError."""
        ...

    def sendungen(self, now: datetime, hoechstens: int) -> Sequence[Sendung]:
        """The messages that are due, those first that have waited longest. Raises StoreError."""
        ...

    def zugestellt(self, sendung: Sendung, now: datetime) -> None:
        """Deletes the message; that there was one stays known. Raises StoreError."""
        ...

    def verschiebe(self, sendung: Sendung, faellig: datetime, *, versucht: bool) -> None:
        """The message is due again at `faellig`; counts a try that failed. Raises StoreError."""
        ...


class ZustellungError(GatewayError):
    """A message was not taken, or it is not known whether it was."""


class Zurueckgestellt(ZustellungError):
    """The message was not tried: its receiver did not answer just now."""


@dataclass(frozen=True)
class Quittung:
    """SHA-256 of what was sent and of the receiver's signed receipt, for the Protokoll."""

    anfrage_digest: bytes
    antwort_digest: bytes


class Zustellung(Port):
    """The way to those who take messages: Meldebehoerden and bodies that had a block set."""

    def deliver(self, empfaenger: str, uuid: str, nachricht: bytes, now: datetime) -> Quittung:
        """Returns when the receiver has acknowledged the message with this UUID. Raises ZustellungError."""
        ...


@dataclass(frozen=True)
class Einsichtsgrund:
    """Why the Protokoll is read: § 40 (5) S. 3 BMG. `mandant`: whose, "" the operator's."""

    wer: str
    mandant: str
    zweck: Zweck
    referenz: str


class Einsichtsrecht(Port):
    """Who may read the Protokoll."""

    def mandanten(self, wer: str) -> frozenset[str]:
        """Whose Protokoll `wer` may read: "" the operator's, else that of an authority. Raises StoreError."""
        ...

    def bestaetigt_von(self, antrag: str, grund: Einsichtsgrund, now: datetime) -> str | None:
        """Who has confirmed just this, where it was requested as `antrag` and is valid still. Raises StoreError."""
        ...
