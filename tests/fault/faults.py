"""What may happen to a gateway's databases and clock: each fault is there inside the block, and gone after it."""

import os
import resource
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import psycopg

from gateway.protokoll import schreiber
from tests.databases import postgres_server

_SMALL = 48 << 20  # bytes of the disk that becomes full
_ROOM = 8 << 10  # bytes that are left then


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """A disk of its own at `folder`, where this may be had; whether it is one."""
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={_SMALL},mode=700", "tmpfs", str(folder)]
    try:
        mounted = os.geteuid() == 0 and subprocess.run(words, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def full_disk(folder: Path, *, own: bool) -> Iterator[None]:
    """No room is left at `folder`; where it is no disk of its `own`, this process's files cannot grow."""
    if not own:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        return
    filler = folder / "filler"
    with filler.open("wb") as file:
        stat = os.statvfs(folder)
        os.posix_fallocate(file.fileno(), 0, max(stat.f_bavail * stat.f_frsize - _ROOM, 4096))
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def gone_files(folder: Path) -> Iterator[None]:
    """The folder with the databases is elsewhere; what opens them meanwhile finds nothing."""
    elsewhere = folder.with_name("elsewhere")
    folder.rename(elsewhere)
    try:
        yield
    finally:
        elsewhere.rename(folder)


@contextmanager
def gone_server(database: str) -> Iterator[None]:
    """The server ends every connection to `database` and takes no new one."""
    server = postgres_server()
    assert server is not None
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false".encode())
        try:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (database,))
            yield
        finally:
            connection.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true".encode())


class SteppedClock:
    """The system's clock, set back by `by`: what the gateway and the Protokoll take for the present."""

    def __init__(self) -> None:
        self.by = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) - self.by

    def _nanoseconds(self) -> int:
        return time.time_ns() - int(self.by.total_seconds() * 1e9)

    def install(self) -> None:
        """In this process, for good."""
        schreiber.time = SimpleNamespace(time_ns=self._nanoseconds, monotonic=time.monotonic)  # type: ignore[assignment]
