"""Requests per second of each authority, counted for all processes of a machine together."""

import fcntl
import hashlib
import mmap
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PLATZ = struct.Struct("<16sdd")  # whose it is, how many requests are left, and when that was
_LEER = bytes(16)


class Takt:
    """Token buckets in memory that processes forked later share: a burst of one second's requests, then the rate.

    A lock on the memory's file excludes the other processes, and is let go when its holder dies.
    """

    def __init__(self, plaetze: int = 1024, uhr: Callable[[], float] = time.monotonic) -> None:
        """`uhr` must be the same in all processes; the monotonic clock of Linux is."""
        self._plaetze = plaetze
        self._uhr = uhr
        self._file = os.memfd_create("xmeld-takt")
        os.ftruncate(self._file, plaetze * _PLATZ.size)
        self._memory = mmap.mmap(self._file, plaetze * _PLATZ.size)
        self._threads = threading.Lock()

    def nimm(self, kennung: str, je_sekunde: int) -> bool:
        """Whether one more request is within the rate; if so it is counted.

        Where there is no room left for a further authority it is: the list of keys has fewer than there is room for.
        """
        wer = hashlib.sha256(kennung.encode()).digest()[:16]
        with self._allein():
            at = self._platz(wer)
            if at is None:
                return True
            there, uebrig, zuletzt = _PLATZ.unpack_from(self._memory, at)
            jetzt = self._uhr()
            voll = float(je_sekunde)
            uebrig = voll if there == _LEER else min(voll, uebrig + max(0.0, jetzt - zuletzt) * je_sekunde)
            erlaubt = uebrig >= 1
            _PLATZ.pack_into(self._memory, at, wer, uebrig - 1 if erlaubt else uebrig, jetzt)
            return erlaubt

    def _platz(self, wer: bytes) -> int | None:
        """Where it stands or may stand."""
        first = int.from_bytes(wer[:4], "big") % self._plaetze
        for step in range(self._plaetze):
            at = (first + step) % self._plaetze * _PLATZ.size
            if self._memory[at : at + 16] in (wer, _LEER):
                return at
        return None

    @contextmanager
    def _allein(self) -> Iterator[None]:
        with self._threads:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)
