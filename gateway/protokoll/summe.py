"""Compares two heaps of rows whatever their order, in constant memory."""

import hashlib
import os
from collections.abc import Sequence

_BYTES = 16


class Summe:
    """A sum of keyed hashes. Its key is random: nobody can have chosen rows for which the sums are the same."""

    def __init__(self) -> None:
        self._key = os.urandom(_BYTES)
        self._sum = 0
        self.count = 0  # rows added without those subtracted

    @property
    def even(self) -> bool:
        """Whether the same rows were added and subtracted."""
        return self._sum == 0 and self.count == 0

    def add(self, row: Sequence[object]) -> None:
        """Of the values each counts with its kind."""
        self._sum += self._hash(row)
        self.count += 1

    def subtract(self, row: Sequence[object]) -> None:
        """The opposite of `add`."""
        self._sum -= self._hash(row)
        self.count -= 1

    def _hash(self, row: Sequence[object]) -> int:
        text = repr(tuple(row)).encode("utf-8", "surrogateescape")
        return int.from_bytes(hashlib.blake2b(text, digest_size=_BYTES, key=self._key).digest(), "big")
