"""What is hashed and what is signed: the evidence of the Protokoll as pure functions.

Every value is written with its kind and its length (`N;`, `I-7;`, `T3:abc`, `B2:..`, texts in UTF-8), so no two lists
of values give the same bytes; every hash and signature starts with its own label, so none can stand for another. An
auditor's own tool needs this page and nothing else.

* Entry: SHA-256 over label, `vorgaenger` and the columns FELDER. `vorgaenger` is the hash of the entry before, for the
  first entry that of the chain's row in the register; with it stored, each entry proves itself.
* Row of the register: the same over KETTENFELDER; the first follows `wurzel_hash`.
* Seal of an entry, head of a chain, head of the register: Ed25519 over label and values.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence

FELDER = (
    "nummer",
    "gespeichert",
    "empfangen",
    "beantwortet",
    "transport",
    "anfrage_digest",
    "antwort_digest",
    "ergebnis",
    "codes",
    "behoerde",
    "fingerprint",
    "nachrichtentyp",
    "nachricht_uuid",
    "nachricht_digest",
    "vermittlung",
    "anspruch",
    "wiederholung",
    "treffer",
    "schluessel",
    "inhalt",
    "verweise",
)
#: What no entry of release 0.1.0 has: it is NULL there, and no part of its hash.
NACH_0_1_0 = frozenset({"vermittlung"})
KETTENFELDER = ("nr", "kennung", "begonnen", "siegel_schluessel")

_LABEL = b"xmeld-gateway/protokoll/1/"
_VERWEIS = struct.Struct(">qq32s")

#: Chain, number and hash of an entry that another chain has seen.
Verweis = tuple[int, int, bytes]


def pack(values: Iterable[object]) -> bytes:
    """The values as unambiguous bytes. Raises TypeError or ValueError for what no column of ours can hold."""
    parts: list[bytes] = []
    for value in values:
        if value is None:
            parts.append(b"N;")
        elif isinstance(value, bytes):
            parts += (b"B%d:" % len(value), value)
        elif isinstance(value, str):
            text = value.encode("utf-8")
            parts += (b"T%d:" % len(text), text)
        elif isinstance(value, int):
            parts.append(b"I%d;" % value)
        else:
            raise TypeError(f"{type(value).__name__} is no kind of value of the Protokoll")
    return b"".join(parts)


def eintrag_hash(vorgaenger: bytes, felder: Iterable[object]) -> bytes:
    """Hash of an entry; `felder` in the order of FELDER."""
    return hashlib.sha256(_LABEL + b"eintrag\0" + vorgaenger + pack(felder)).digest()


def proves(vorgaenger: bytes, felder: Sequence[object], digest: object) -> bool:
    """Whether `digest` is the hash of these fields, as it is made now or as release 0.1.0 made it.

    No list of values gives the bytes of a shorter one, so the one way cannot pass for the other.
    """
    if eintrag_hash(vorgaenger, felder) == digest:
        return True
    pairs = list(zip(FELDER, felder, strict=True))
    if any(wert is not None for name, wert in pairs if name in NACH_0_1_0):
        return False
    return eintrag_hash(vorgaenger, (wert for name, wert in pairs if name not in NACH_0_1_0)) == digest


def kette_hash(vorgaenger: bytes, felder: Iterable[object]) -> bytes:
    """Hash of a row of the register of chains; `felder` in the order of KETTENFELDER."""
    return hashlib.sha256(_LABEL + b"kette\0" + vorgaenger + pack(felder)).digest()


def wurzel_hash(wurzel: bytes) -> bytes:
    """What the first row of the register follows."""
    return hashlib.sha256(_LABEL + b"wurzel\0" + wurzel).digest()


def siegel_text(kennung: bytes, nummer: int, eintrag: bytes) -> bytes:
    """What the seal within a sealed entry signs."""
    return _LABEL + b"siegel\0" + pack((kennung, nummer, eintrag))


def kopf_text(kennung: bytes, nummer: int, eintrag: bytes) -> bytes:
    """What the head of a chain signs: this entry is its last one."""
    return _LABEL + b"kopf\0" + pack((kennung, nummer, eintrag))


def stand_text(wurzel: bytes, ketten: int, kette: bytes) -> bytes:
    """What the head of the register signs: this many chains, the last one with this hash."""
    return _LABEL + b"stand\0" + pack((wurzel, ketten, kette))


def inhalt_aad(kennung: bytes, nummer: int) -> bytes:
    """Binds an encrypted content to its place."""
    return _LABEL + b"inhalt\0" + pack((kennung, nummer))


def nacharbeit_aad(nacharbeit: bytes) -> bytes:
    """Binds a waiting request to its id."""
    return _LABEL + b"nacharbeit\0" + nacharbeit


def sendung_aad(sendung: bytes) -> bytes:
    """Binds a waiting message to its id."""
    return _LABEL + b"sendung\0" + sendung


def anspruch(behoerde: str, uuid: str) -> bytes:
    """The claim of an authority on a message UUID; UUIDs are the same in either case (RFC 9562 § 4)."""
    return hashlib.sha256(_LABEL + b"uuid\0" + pack((behoerde, uuid.lower()))).digest()[:16]


def pack_verweise(verweise: Iterable[Verweis]) -> bytes:
    """Column `verweise`."""
    return b"".join(_VERWEIS.pack(*verweis) for verweis in verweise)


def unpack_verweise(packed: bytes) -> Iterator[Verweis]:
    """The references of a sealed entry. Raises ValueError when their bytes are not whole."""
    if len(packed) % _VERWEIS.size:
        raise ValueError("references are not whole")
    return iter(_VERWEIS.iter_unpack(packed))
