"""Passwords: how they are kept (Argon2id, RFC 9106), made and judged."""

import os
import secrets
import threading
from functools import lru_cache

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from gateway.behoerden.fehler import BehoerdenError

#: RFC 9106 § 4, the second recommended choice but for the lanes: with more than one, two hashes at once in one process
#: wait for each other for ever (OpenSSL 3.5).
_ITERATIONS, _LANES, _MEMORY = 3, 1, 64 * 1024
_SALT, _TAG = 16, 32

MINDESTENS, HOECHSTENS = 12, 200  # characters

#: A half of a first password: 59 bits, in letters that nobody mixes up on the telephone.
HAELFTE = 12
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"

_at_work = threading.Semaphore(2)  # each takes 64 MiB and a tenth of a second


def versiegle(kennwort: str) -> str:
    """What is stored, in PHC form."""
    with _at_work:
        kdf = Argon2id(salt=os.urandom(_SALT), length=_TAG, iterations=_ITERATIONS, lanes=_LANES, memory_cost=_MEMORY)
        return kdf.derive_phc_encoded(kennwort.encode())


def stimmt(kennwort: str, versiegelt: str | None) -> bool:
    """Whether it is the one; with nothing to compare with it takes as long and is not."""
    against = versiegelt or _nobody()
    with _at_work:
        try:
            Argon2id.verify_phc_encoded(kennwort.encode(), against)
        except InvalidKey:
            return False
    return versiegelt is not None


def neue_haelfte() -> str:
    """A half of a first password."""
    return "".join(secrets.choice(_LETTERS) for _ in range(HAELFTE))


def check(kennwort: str, name: str) -> None:
    """Whether a password may be chosen. Raises BehoerdenError."""
    if not MINDESTENS <= len(kennwort) <= HOECHSTENS:
        raise BehoerdenError(f"a password has {MINDESTENS} to {HOECHSTENS} characters")
    if len(set(kennwort)) < MINDESTENS // 2 or name.casefold() in kennwort.casefold():
        raise BehoerdenError("the password is too easy to guess")


@lru_cache(1)
def _nobody() -> str:
    """What no password opens."""
    return versiegle(secrets.token_hex(16))
