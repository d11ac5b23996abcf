"""Key files of an instance: JSON, readable by their owner alone, written once and never overwritten.

A file holds AES-256 keys by id, oldest first: the last one encrypts, all of them decrypt. The Protokoll's file also
holds the Ed25519 key that signs its seals. `zweck` says what a file is for, so that one cannot be taken for the other.
"""

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.errors import ConfigError

FORMAT = "xmeld-gateway-keys-1"
ID_BYTES = 4
NONCE_BYTES = 12  # random per content; NIST SP 800-38D § 8.3 allows 2^32 contents per key


@dataclass(frozen=True)
class Protokollschluessel:
    """What the Protokoll encrypts and seals with. `neuester` is the id of the key that encrypts new entries."""

    aes: Mapping[str, AESGCM] = field(repr=False)
    neuester: str
    siegel: Ed25519PrivateKey = field(repr=False)
    siegel_oeffentlich: Ed25519PublicKey = field(repr=False)
    siegel_id: str  # first 16 hex digits of the SHA-256 of the raw public key

    def encrypt(self, content: bytes, aad: bytes) -> tuple[str, bytes]:
        """Id of the key, and nonce and ciphertext, bound to `aad`."""
        nonce = os.urandom(NONCE_BYTES)
        return self.neuester, nonce + self.aes[self.neuester].encrypt(nonce, content, aad)

    def decrypt(self, key_id: str, sealed: bytes, aad: bytes) -> bytes:
        """The content again. Raises LookupError for an unknown key, ValueError when it is not what was encrypted."""
        try:
            return self.aes[key_id].decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], aad)
        except (InvalidTag, TypeError, ValueError):
            raise ValueError("the content is not the one that was encrypted for this place") from None


def create_protokollschluessel(path: Path) -> None:
    """A new key file for the Protokoll. Raises ConfigError when there is one or it cannot be written."""
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(path, {**_document("protokoll"), "siegel": pem.decode("ascii")})


def load_protokollschluessel(path: Path) -> Protokollschluessel:
    """The keys of the Protokoll. Raises ConfigError when the file is missing, open to others or malformed."""
    document = _read(path, "protokoll")
    keys = _aes_keys(path, document)
    try:
        private = serialization.load_pem_private_key(str(document.get("siegel", "")).encode(), password=None)
    except ValueError:
        private = None
    if not isinstance(private, Ed25519PrivateKey):
        raise ConfigError(f"{path} is malformed: siegel is not an Ed25519 private key in PEM")
    public = private.public_key()
    return Protokollschluessel(
        aes=MappingProxyType({key_id: AESGCM(key) for key_id, key in keys.items()}),
        neuester=list(keys)[-1],
        siegel=private,
        siegel_oeffentlich=public,
        siegel_id=hashlib.sha256(public.public_bytes_raw()).hexdigest()[:16],
    )


def create_merkmalschluessel(path: Path) -> None:
    """A new key file for Identifikationsmerkmale. Raises ConfigError when there is one or it cannot be written."""
    _write(path, _document("merkmale"))


def load_merkmalschluessel(path: Path) -> Mapping[str, bytes]:
    """AES-256 keys by id, oldest first. Raises ConfigError when the file is missing, open to others or malformed."""
    return MappingProxyType(_aes_keys(path, _read(path, "merkmale")))


def _document(zweck: str) -> dict[str, object]:
    key = {"id": secrets.token_hex(ID_BYTES), "aes256": base64.b64encode(secrets.token_bytes(32)).decode("ascii")}
    return {"format": FORMAT, "zweck": zweck, "schluessel": [key]}


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


def _read(path: Path, zweck: str) -> Mapping[str, object]:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
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
    return document


def _aes_keys(path: Path, document: Mapping[str, object]) -> dict[str, bytes]:
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
