"""Identifikationsmerkmale (§ 39 (2) BMG, § 9 BMeldDAV, Anlage Nr. 5): `gateway.ports.Merkmale` without a store.

A handle is the mirror's random id of the person and the time until which it may be used, encrypted and authenticated
for one authority (AES-256-GCM). It says nothing to anybody else, differs each time (random nonce), and needs no table.
"""

import base64
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VALIDITY = timedelta(hours=48)  # § 9 BMeldDAV
MERKMAL_BYTES = 16  # the mirror's id
LENGTH = 76  # characters of a handle; Anlage Nr. 5 a allows 500

_VERSION = b"\x01"
_KEY_ID_BYTES, _NONCE_BYTES, _TIME_BYTES = 4, 12, 8
_KEY_AT, _NONCE_AT = len(_VERSION), len(_VERSION) + _KEY_ID_BYTES
_SEALED_AT = _NONCE_AT + _NONCE_BYTES
_SHAPE = re.compile(r"[A-Za-z0-9_-]{76}")  # letters that DIN 91379 datatypeC has
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


class SealedMerkmale:
    """Seals with the last of `keys` (AES-256 by id of 8 hexadecimal digits, oldest first), opens with all of them."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = {bytes.fromhex(key_id): AESGCM(key) for key_id, key in keys.items()}
        if not self._keys or any(len(key_id) != _KEY_ID_BYTES for key_id in self._keys):
            raise ValueError("a key for Identifikationsmerkmale is missing or its id is not 8 hexadecimal digits")
        self._newest = list(self._keys)[-1]

    def seal(self, merkmal: bytes, behoerde: str, now: datetime) -> str:
        """A handle to the mirror's id `merkmal` for the authority with the key `behoerde`, for 48 hours from `now`.

        Raises ValueError for an id that is not 16 bytes: the length of a handle must not differ.
        """
        if len(merkmal) != MERKMAL_BYTES:
            raise ValueError(f"the mirror's id of a person has {MERKMAL_BYTES} bytes")
        expires = -((_EPOCH - now - VALIDITY) // _SECOND)  # rounded up
        header, nonce = _VERSION + self._newest, os.urandom(_NONCE_BYTES)
        plain = merkmal + expires.to_bytes(_TIME_BYTES, "big")
        sealed = self._keys[self._newest].encrypt(nonce, plain, header + behoerde.encode("utf-8"))
        return base64.urlsafe_b64encode(header + nonce + sealed).decode("ascii")

    def open(self, handle: str, behoerde: str, now: datetime) -> bytes | None:
        """The mirror's id; None for what is malformed, unknown, forged, expired or another authority's."""
        if len(handle) != LENGTH or not _SHAPE.fullmatch(handle):
            return None
        token = base64.urlsafe_b64decode(handle)
        header = token[:_NONCE_AT]
        key = self._keys.get(header[_KEY_AT:])
        if key is None or header[:_KEY_AT] != _VERSION:
            return None
        try:
            associated = header + behoerde.encode("utf-8", "surrogatepass")
            plain = key.decrypt(token[_NONCE_AT:_SEALED_AT], token[_SEALED_AT:], associated)
        except InvalidTag:
            return None
        expires = _EPOCH + _SECOND * int.from_bytes(plain[MERKMAL_BYTES:], "big")
        return plain[:MERKMAL_BYTES] if now < expires else None
