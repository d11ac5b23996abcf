"""What is hashed and what is signed: the evidence of the Protokoll as pure functions.

Every value is written with its kind and its length (`N;`, `I-7;`, `T3:abc`, `B2:..`, texts in UTF-8), so no two lists
of values give the same bytes; every hash and signature starts with its own label, so none can stand for another. An
auditor's own tool needs this page and nothing else.

* Entry: SHA-256 over label, `vorgaenger` and the columns FELDER, of which `inhalt` goes in as its SHA-256: an entry can
  be proven without showing its content. `vorgaenger` is the hash of the entry before, for the first entry that of the
  chain's row in the register; with it stored, each entry proves itself.
* Row of the register: the same over KETTENFELDER; the first follows `wurzel_hash`.
* Seal of an entry, head of a chain, head of the register, record of a deletion: Ed25519 over label and values.
* Change of the seal's key: SHA-256 over WECHSELFELDER, the first following `wurzel_hash`; the old and the new key both
  sign it. It says from which chain and which record of a deletion on the new one seals. Heads, of chains and of the
  register, and holds always bear the seal of the newest key: what was before a change cannot go on with the old one.
* Chains of the first kind (`fassung` 1) have entries without `vermittlung` and `verzeichnis`, their `inhalt` itself in
  the hash, and no `fassung` in that of their row.
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
    "verzeichnis",
    "verweise",
)
LOESCHFELDER = ("nr", "monat", "regel", "geloescht", "anzahl", "bereiche")
WECHSELFELDER = ("nr", "alt", "neu", "seit", "ab_kette", "ab_loeschung", "loeschung")
KETTENFELDER = ("nr", "kennung", "begonnen", "siegel_schluessel", "fassung")

#: How new chains are written.
FASSUNG = 2

_LABEL = b"xmeld-gateway/protokoll/1/"
_INHALT = FELDER.index("inhalt")
#: What entries of chains of the first kind (release 0.1.0) lack: NULL, and no part of their hash.
_SPAETER = tuple(FELDER.index(name) for name in ("vermittlung", "verzeichnis"))
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


def eintrag_hash(vorgaenger: bytes, felder: Sequence[object], fassung: object = FASSUNG) -> bytes:
    """Hash of an entry; `felder` in the order of FELDER. Raises TypeError or ValueError for what is none of ours."""
    if fassung == 1:
        if any(felder[place] is not None for place in _SPAETER):
            raise ValueError("entries of the first kind have neither vermittlung nor verzeichnis")
        werte = tuple(wert for place, wert in enumerate(felder) if place not in _SPAETER)
        return hashlib.sha256(_LABEL + b"eintrag\0" + vorgaenger + pack(werte)).digest()
    return belegt_hash(vorgaenger, (*felder[:_INHALT], digest_of(felder[_INHALT]), *felder[_INHALT + 1 :]))


def belegt_hash(vorgaenger: bytes, felder: Iterable[object]) -> bytes:
    """The same with the SHA-256 of `inhalt` in its place."""
    return hashlib.sha256(_LABEL + b"eintrag2\0" + vorgaenger + pack(felder)).digest()


def digest_of(inhalt: object) -> bytes | None:
    """What stands for `inhalt` in the hash. Raises TypeError for what is no content."""
    if inhalt is None:
        return None
    if not isinstance(inhalt, bytes):
        raise TypeError("a content is bytes")
    return hashlib.sha256(inhalt).digest()


def kette_hash(vorgaenger: bytes, felder: Sequence[object]) -> bytes:
    """Hash of a row of the register of chains; `felder` in the order of KETTENFELDER."""
    label, werte = (b"kette\0", felder[:-1]) if felder[-1] == 1 else (b"kette2\0", felder)
    return hashlib.sha256(_LABEL + label + vorgaenger + pack(werte)).digest()


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


def inhalt_label(kennung: bytes, nummer: int) -> bytes:
    """From which, with a month's key, comes the key of one content."""
    return _LABEL + b"inhaltsschluessel\0" + pack((kennung, nummer))


def verzeichnis_label() -> bytes:
    """From which, with a month's key, comes the key of its index."""
    return _LABEL + b"verzeichnis\0"


def monat_aad(key_id: str, monat: int, mandant: str) -> bytes:
    """Binds a wrapped key to its month and Mandant."""
    return _LABEL + b"monat\0" + pack((key_id, monat, mandant))


def loeschung_hash(vorgaenger: bytes, felder: Iterable[object]) -> bytes:
    """Hash of a record of a deletion; `felder` in the order of LOESCHFELDER, the first follows `wurzel_hash`."""
    return hashlib.sha256(_LABEL + b"loeschung\0" + vorgaenger + pack(felder)).digest()


def loeschung_text(digest: bytes) -> bytes:
    """What the seal of a record of a deletion signs."""
    return _LABEL + b"loeschsiegel\0" + digest


def wechsel_hash(vorgaenger: bytes, felder: Iterable[object]) -> bytes:
    """Hash of a change of the seal's key; `felder` in the order of WECHSELFELDER, the first follows `wurzel_hash`."""
    return hashlib.sha256(_LABEL + b"siegelwechsel\0" + vorgaenger + pack(felder)).digest()


def wechsel_text(digest: bytes) -> bytes:
    """What the old and the new key of a change sign."""
    return _LABEL + b"wechselsiegel\0" + digest


def halt_text(kennung: bytes, nummer: int, seit: int, tresor: str, huelle: bytes) -> bytes:
    """What the seal of a hold signs."""
    return _LABEL + b"halt\0" + pack((kennung, nummer, seit, tresor, huelle))


def halt_aad(kennung: bytes, nummer: int) -> bytes:
    """Binds what a hold keeps to its entry."""
    return _LABEL + b"halt\0" + pack((kennung, nummer))


def anker_text(packed: bytes) -> bytes:
    """What the seal of an anchor signs."""
    return _LABEL + b"anker\0" + hashlib.sha256(packed).digest()


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
