"""Key files of an instance: JSON, readable by their owner alone. `schluesseldatei` changes one.

A file holds AES-256 keys by id, oldest first: the last one encrypts, all of them decrypt. The Protokoll's file also
holds the Ed25519 key that signs its seals, and of either kind maybe one that waits to be taken into use: machines that
share a Protokoll all have it before the first of them uses it. `zweck` says what a file is for, so that one cannot be
taken for the other.
"""

import base64
import hashlib
import json
import logging
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.errors import ConfigError, StoreError

log = logging.getLogger(__name__)

FORMAT = "xmeld-gateway-keys-1"
ID_BYTES = 4
NONCE_BYTES = 12  # random per content; NIST SP 800-38D § 8.3 allows 2^32 contents per key

#: By which a file is seen to be another than the one that was read.
_Gesehen = tuple[int, int, int]


def siegel_id(oeffentlich: bytes) -> str:
    """By what a seal's key is named: the first 16 hex digits of the SHA-256 of the raw public key."""
    return hashlib.sha256(oeffentlich).hexdigest()[:16]


@dataclass(frozen=True)
class Siegelschluessel:
    """What seals are signed with."""

    id: str
    oeffentlich: Ed25519PublicKey = field(repr=False)
    _privat: Ed25519PrivateKey = field(repr=False)

    def sign(self, text: bytes) -> bytes:
        """The seal of `text`."""
        return self._privat.sign(text)


@dataclass(frozen=True)
class Schluesselstand:
    """What the Protokoll's key file holds at one moment."""

    aes: Mapping[str, AESGCM] = field(repr=False)  # all, the one that waits too
    neuester: str  # encrypts
    wartet: str | None  # decrypts only, until it is taken into use
    siegel: Siegelschluessel
    siegel_neu: Siegelschluessel | None
    ursprung: str  # id of the first key of the seal: by it the file is known as this Protokoll's, whatever has changed

    @property
    def siegelschluessel(self) -> tuple[Siegelschluessel, ...]:
        """Both: which of them seals is said by the Protokoll itself (`stand.siegelnd`)."""
        return (self.siegel,) if self.siegel_neu is None else (self.siegel, self.siegel_neu)


class Protokollschluessel:
    """What the Protokoll encrypts and seals with, always as the file is now.

    Every use looks whether the file is another (4 µs), so that keys change in all processes at once. Where it is gone,
    malformed or of another Protokoll, what was read of it last is used on, and the log says so.
    """

    def __init__(self, path: Path) -> None:
        """Raises ConfigError when the file is missing, open to others or malformed."""
        self.path = path.absolute()
        self._gesehen: _Gesehen | None
        self._gesehen, self._stand = _load(path)
        self._fehler = ""

    @property
    def stand(self) -> Schluesselstand:
        """As the file is now."""
        self._look()
        return self._stand

    @property
    def fehler(self) -> str:
        """Why the file as it is now cannot be used; empty where it can."""
        self._look()
        return self._fehler

    def _look(self) -> None:
        gesehen, fehler = _gesehen(self.path), ""
        if gesehen == self._gesehen:
            return
        try:
            gesehen, neu = _load(self.path)
            if neu.ursprung == self._stand.ursprung:
                self._stand = neu
            else:
                fehler = f"{self.path} is of another Protokoll now"
        except ConfigError as error:
            fehler = str(error)
        if fehler:
            log.error("the keys are used on as they were: %s", fehler)
        self._gesehen, self._fehler = gesehen, fehler  # told of once

    def encrypt(self, content: bytes, aad: bytes) -> tuple[str, bytes]:
        """Id of the key, and nonce and ciphertext, bound to `aad`."""
        stand, nonce = self.stand, os.urandom(NONCE_BYTES)
        return stand.neuester, nonce + stand.aes[stand.neuester].encrypt(nonce, content, aad)

    def decrypt(self, key_id: str, sealed: bytes, aad: bytes) -> bytes:
        """The content again. Raises LookupError for an unknown key, ValueError when it is not what was encrypted."""
        try:
            return self.stand.aes[key_id].decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], aad)
        except (InvalidTag, TypeError, ValueError):
            raise ValueError("the content is not the one that was encrypted for this place") from None

    def check(self, key_ids: Iterable[object]) -> None:
        """Of what was written, before it is committed: raises StoreError unless the file has these keys still.

        Who removes a key looks for what needs it once all who write are through, or keeps them waiting until it is
        gone: so nothing is ever stored that no key opens.
        """
        if not self.stand.aes.keys() >= set(key_ids):
            raise StoreError("a key of the Protokoll was removed just now: nothing was stored with it")


def create_protokollschluessel(path: Path) -> None:
    """A new key file for the Protokoll. Raises ConfigError when there is one or it cannot be written."""
    _write(path, {**_document("protokoll"), "siegel": new_siegel()[1]})


def load_protokollschluessel(path: Path) -> Protokollschluessel:
    """The keys of the Protokoll. Raises ConfigError when the file is missing, open to others or malformed."""
    return Protokollschluessel(path)


def create_merkmalschluessel(path: Path) -> None:
    """A new key file for Identifikationsmerkmale. Raises ConfigError when there is one or it cannot be written."""
    _write(path, _document("merkmale"))


def load_merkmalschluessel(path: Path) -> Mapping[str, bytes]:
    """AES-256 keys by id, oldest first. Raises ConfigError when the file is missing, open to others or malformed."""
    return MappingProxyType(_aes_keys(path, read(path, "merkmale")[1]))


def new_aes() -> dict[str, str]:
    """A key as a file holds it."""
    return {"id": secrets.token_hex(ID_BYTES), "aes256": base64.b64encode(secrets.token_bytes(32)).decode("ascii")}


def new_siegel() -> tuple[str, str]:
    """A seal's key: its id, and as a file holds it."""
    key, encoding, form = Ed25519PrivateKey.generate(), serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(encoding, form, serialization.NoEncryption()).decode("ascii")
    return siegel_id(key.public_key().public_bytes_raw()), pem


def _document(zweck: str) -> dict[str, object]:
    return {"format": FORMAT, "zweck": zweck, "schluessel": [new_aes()]}


def _load(path: Path) -> tuple[_Gesehen, Schluesselstand]:
    gesehen, document = read(path, "protokoll")
    keys = _aes_keys(path, document)
    neuester, neu = list(keys)[-1], document.get("schluessel_neu")
    if neu is not None:
        keys = _aes_keys(path, {"schluessel": [*document["schluessel"], neu]})
    siegel = _siegel(path, document, "siegel")
    return gesehen, Schluesselstand(
        aes=MappingProxyType({key_id: AESGCM(key) for key_id, key in keys.items()}),
        neuester=neuester,
        wartet=None if neu is None else list(keys)[-1],
        siegel=siegel,
        siegel_neu=_siegel(path, document, "siegel_neu") if "siegel_neu" in document else None,
        ursprung=str(document.get("ursprung", siegel.id)),
    )


def _siegel(path: Path, document: Mapping[str, Any], name: str) -> Siegelschluessel:
    try:
        private = serialization.load_pem_private_key(str(document.get(name, "")).encode(), password=None)
    except ValueError:
        private = None
    if not isinstance(private, Ed25519PrivateKey):
        raise ConfigError(f"{path} is malformed: {name} is not an Ed25519 private key in PEM")
    public = private.public_key()
    return Siegelschluessel(siegel_id(public.public_bytes_raw()), public, private)


def _write(path: Path, document: Mapping[str, object]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(document, file, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise ConfigError(f"{path} exists; a key file is never overwritten, what it encrypted would be lost") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None


def _gesehen(path: Path) -> _Gesehen | None:
    try:
        return _of(os.stat(path))
    except OSError:
        return None


def _of(status: os.stat_result) -> _Gesehen:
    return status.st_ino, status.st_size, status.st_mtime_ns


def read(path: Path, zweck: str) -> tuple[_Gesehen, dict[str, Any]]:
    """A key file as it is, and by what it is seen to be another. Raises ConfigError."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_mode & 0o077:
                raise ConfigError(f"{path} is open to other users: chmod 600 {path}")
            document = json.loads(file.read())
    except FileNotFoundError:
        raise ConfigError(f"{path} is missing: the instance's key file, restore it from its backup") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise ConfigError(f"{path} is malformed: it is not JSON") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ConfigError(f"{path} is malformed: format is not {FORMAT}")
    if document.get("zweck") != zweck:
        raise ConfigError(f"{path} is the wrong key file: its zweck is not {zweck}")
    return _of(status), document


def _aes_keys(path: Path, document: Mapping[str, Any]) -> dict[str, bytes]:
    entries = document.get("schluessel")
    if not isinstance(entries, list) or not entries:
        raise ConfigError(f"{path} is malformed: schluessel is not a list of keys")
    keys: dict[str, bytes] = {}
    for entry in entries:
        try:
            key_id, key = entry["id"], base64.b64decode(entry["aes256"], validate=True)
            valid = len(bytes.fromhex(key_id)) == ID_BYTES and len(key) == 32 and key_id not in keys
        except (KeyError, TypeError, ValueError):
            valid = False
        if not valid:
            raise ConfigError(
                f"{path} is malformed: key {len(keys) + 1} of schluessel is not an AES-256 key with an id"
            )
        keys[key_id] = key
    return keys
