"""Copies of SQLite databases that are in use: each of one moment, complete, and readable by their owner alone."""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Engine

from gateway.database import store_errors
from gateway.errors import ConfigError, StoreError
from gateway.files import sync

#: Pages at a time, between which Ctrl-C is heard.
_PAGES = 4096


@dataclass(frozen=True)
class Copy:
    """A copied database."""

    path: Path
    digest: str  # SHA-256, hex


def sqlite_file(engine: Engine) -> Path:
    """The file of a database on SQLite."""
    return Path(str(engine.url.database).removeprefix("file:"))


def copy_sqlite(files: Mapping[str, Path], target: Path) -> list[Copy]:
    """Copies each file to `<name>.sqlite` in the new folder `target`, all of them or none.

    Raises ConfigError for a folder that is there or cannot be made, StoreError when a database cannot be copied.
    """
    draft = target.with_name(f"{target.name}.partial-{os.getpid()}")
    if target.exists():
        raise ConfigError(f"{target} is there already")
    try:
        draft.mkdir(parents=True, mode=0o700)
        digests = {name: _copy(file, draft / f"{name}.sqlite") for name, file in files.items()}
        sync(draft)
        draft.rename(target)
        sync(target.absolute().parent)
    except OSError as error:
        raise ConfigError(f"{target} cannot be written: {error.strerror}") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return [Copy(target / f"{name}.sqlite", digest) for name, digest in digests.items()]


def _copy(file: Path, to: Path) -> str:
    os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with (
        store_errors(f"{file.name} cannot be copied"),
        closing(sqlite3.connect(f"file:{quote(str(file))}?mode=rw", uri=True, timeout=30)) as source,
        closing(sqlite3.connect(to)) as copy,
    ):
        # One state to read from, beside which others write: without it every write begins the copy anew.
        source.execute("BEGIN").close()
        source.execute("SELECT 1 FROM sqlite_master").fetchone()
        source.backup(copy, pages=_PAGES)
        copy.execute("PRAGMA journal_mode = DELETE").fetchall()  # one file, without companions
        (verdict,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise StoreError(f"{file.name} is damaged: the copy does not hold together")
    with to.open("rb") as content:
        os.fsync(content.fileno())
        return hashlib.file_digest(content, "sha256").hexdigest()
