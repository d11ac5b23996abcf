"""An entry made ready in the exchange's own thread: checked, and all that does not depend on its place in a chain.

What could fail to be stored fails here and for this exchange alone, never for the others of its batch.
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from gateway.errors import StoreError
from gateway.ports import Protokolleintrag, Suchbegriff, Weg
from gateway.protokoll.kette import anspruch
from gateway.protokoll.nacharbeit import Wartezeile, seal
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.zeit import micros

#: Outcomes that claim the message's UUID for its authority. A fault never does: nothing was attributed to the message.
BEANSPRUCHEND = frozenset({"auskunft", "rueckweisung", "ruecksendung"})
ERGEBNISSE = BEANSPRUCHEND | {"fault", "zustellung", "einsicht"}
MAX_TEXT = 256  # characters of any technical column
MAX_SUCHBEGRIFFE = 20_000  # 1,000 persons, with a few first names each
MAX_INHALT = 64_000_000  # bytes of JSON; 1,000 persons with every datum have about 10 MB

#: Fast, and with a small memory (64 KB): to clear the usual 256 KB takes longer than to compress one person's data.
_COMPRESSION = (1, zlib.DEFLATED, 13, 6)


@dataclass(frozen=True, slots=True)
class Satz:
    """`vorne` holds the columns from `empfangen` to `vermittlung`."""

    vorne: tuple[object, ...]
    treffer: int
    anspruch: bytes | None
    nachricht_digest: bytes | None
    inhalt: bytes | None  # compressed JSON
    suchbegriffe: tuple[Suchbegriff, ...]
    mandant: str
    nacharbeit: Wartezeile | None


def prepare(eintrag: Protokolleintrag, schluessel: Protokollschluessel) -> Satz:
    """The entry as it will be stored, and what has to follow, sealed.

    Raises StoreError that names the column which cannot be.
    """
    if eintrag.ergebnis not in ERGEBNISSE:
        raise StoreError("a Protokolleintrag has an unknown ergebnis")
    if any(not code or " " in code for code in eintrag.codes):
        raise StoreError("a Protokolleintrag has a code that is empty or holds a blank")
    if not 0 <= eintrag.treffer < 1 << 31:
        raise StoreError("a Protokolleintrag has an impossible number of treffer")
    vorne = (
        micros(eintrag.empfangen),
        micros(eintrag.beantwortet),
        _text("transport", eintrag.transport),
        _digest("anfrage_digest", eintrag.anfrage_digest),
        _digest("antwort_digest", eintrag.antwort_digest),
        eintrag.ergebnis,
        _text("codes", " ".join(eintrag.codes)),
        _optional("behoerde", eintrag.behoerde),
        _optional("fingerprint", eintrag.fingerprint),
        _optional("nachrichtentyp", eintrag.nachrichtentyp),
        _optional("nachricht_uuid", eintrag.nachricht_uuid),
        _digest("nachricht_digest", eintrag.nachricht_digest) if eintrag.nachricht_digest is not None else None,
        _vermittlung(eintrag.vermittlung),
    )
    folgt = seal(eintrag.nacharbeit, eintrag.beantwortet, schluessel) if eintrag.nacharbeit else None
    return Satz(
        *(vorne, eintrag.treffer, _claim(eintrag), eintrag.nachricht_digest, _inhalt(eintrag.inhalt)),
        *(_suchbegriffe(eintrag), _text("mandant", eintrag.mandant), folgt),
    )


def unpack_inhalt(packed: bytes) -> dict[str, object]:
    """The content of an entry again. Raises ValueError when it is not what `prepare` made."""
    inflate = zlib.decompressobj()
    try:
        text = inflate.decompress(packed, MAX_INHALT)
    except zlib.error:
        raise ValueError("the content is not compressed as ours is") from None
    inhalt = json.loads(text)
    if isinstance(inhalt, dict):
        return inhalt
    raise ValueError("the content is not an object")


def _suchbegriffe(eintrag: Protokolleintrag) -> tuple[Suchbegriff, ...]:
    """Each once: the index has a row for each."""
    begriffe = tuple(dict.fromkeys(eintrag.suchbegriffe))
    if len(begriffe) > MAX_SUCHBEGRIFFE:
        raise StoreError("a Protokolleintrag has too many suchbegriffe")
    try:
        for begriff in begriffe:
            begriff.wert.encode()
    except UnicodeEncodeError:
        raise StoreError("a Protokolleintrag has a suchbegriff that is not text") from None
    return begriffe


def _claim(eintrag: Protokolleintrag) -> bytes | None:
    if eintrag.ergebnis not in BEANSPRUCHEND or eintrag.behoerde is None or eintrag.nachricht_uuid is None:
        return None
    if eintrag.nachricht_digest is None:
        raise StoreError("a Protokolleintrag has a nachricht_uuid without the nachricht_digest")
    return anspruch(eintrag.behoerde, eintrag.nachricht_uuid)


def _text(column: str, value: str) -> str:
    if len(value) > MAX_TEXT or "\0" in value or not value.isprintable():
        raise StoreError(f"a Protokolleintrag has a {column} that is too long or holds control characters")
    return value


def _optional(column: str, value: str | None) -> str | None:
    return None if value is None else _text(column, value)


def _digest(column: str, value: bytes) -> bytes:
    if len(value) != 32:
        raise StoreError(f"a Protokolleintrag has a {column} that is not a SHA-256")
    return value


def _vermittlung(wege: Sequence[Weg]) -> str | None:
    """Column `vermittlung`: times in microseconds, digests in hex, as everywhere in the table."""
    if not wege:
        return None
    return json.dumps([_weg(weg) for weg in wege], separators=(",", ":"))


def _weg(weg: Weg) -> dict[str, object]:
    return {
        "land": _text("vermittlung.land", weg.land),
        "uuid": _text("vermittlung.uuid", weg.uuid),
        "gesendet": micros(weg.gesendet),
        "beendet": micros(weg.beendet),
        "codes": [_text("vermittlung.codes", code) for code in weg.codes],
        "antwort_uuid": _optional("vermittlung.antwort_uuid", weg.antwort_uuid),
        "anfrage_digest": weg.anfrage_digest.hex() if weg.anfrage_digest else None,
        "antwort_digest": weg.antwort_digest.hex() if weg.antwort_digest else None,
    }


def _inhalt(inhalt: dict[str, object] | None) -> bytes | None:
    if inhalt is None:
        return None
    try:
        text = orjson.dumps(inhalt)
    except TypeError:
        raise StoreError("a Protokolleintrag has an inhalt that is not JSON") from None
    if len(text) > MAX_INHALT:
        raise StoreError("a Protokolleintrag has an inhalt that is too large")
    deflate = zlib.compressobj(*_COMPRESSION)
    return deflate.compress(text) + deflate.flush()
