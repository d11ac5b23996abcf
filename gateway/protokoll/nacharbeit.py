"""A Nacharbeit as it waits: one block of bytes that only the Protokoll's key opens."""

import os
from datetime import datetime
from typing import Any

import orjson

from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.ports import Nacharbeit
from gateway.protokoll.kette import nacharbeit_aad
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.zeit import from_micros, micros

ID_BYTES = 16
_LENGTH_BYTES = 4  # of the head

#: Values in the order of the columns of the table `nacharbeit`.
Wartezeile = tuple[bytes, int, int, str, bytes]


def pack(nacharbeit: Nacharbeit) -> bytes:
    """A head in JSON with its length before it, then the message as it is: its size is the request's alone."""
    wer = nacharbeit.behoerde
    was = {name: wert for name, wert in vars(wer).items() if name != "zugang"}  # it was let in
    head = orjson.dumps(
        {
            "behoerde": {**was, "rolle": wer.rolle.value, "ermaechtigte": sorted(wer.ermaechtigte)},
            "empfangen": micros(nacharbeit.empfangen),
            "neutral": nacharbeit.neutral,
        }
    )
    return b"".join((len(head).to_bytes(_LENGTH_BYTES, "big"), head, nacharbeit.nachricht))


def unpack(packed: bytes) -> Nacharbeit:
    """What `pack` was given. Raises ValueError, KeyError, TypeError for anything else."""
    end = _LENGTH_BYTES + int.from_bytes(packed[:_LENGTH_BYTES], "big")
    head: dict[str, Any] = orjson.loads(packed[_LENGTH_BYTES:end])
    wer = {name: wert for name, wert in head["behoerde"].items() if name in Behoerde.__dataclass_fields__}
    behoerde = Behoerde(**{**wer, "rolle": Rolle(wer["rolle"]), "ermaechtigte": frozenset(wer["ermaechtigte"])})
    return Nacharbeit(packed[end:], behoerde, from_micros(head["empfangen"]), head["neutral"])


def seal(nacharbeit: Nacharbeit, faellig: datetime, schluessel: Protokollschluessel) -> Wartezeile:
    """Its row."""
    number = os.urandom(ID_BYTES)
    return (number, micros(faellig), 0, *schluessel.encrypt(pack(nacharbeit), nacharbeit_aad(number)))
