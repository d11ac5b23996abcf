"""Files that are replaced whole or not at all, and last."""

import os
from pathlib import Path


def replace(path: Path, content: bytes, owner: os.stat_result | None = None) -> None:
    """Puts `content` in the place of what `path` holds, readable by its owner alone; it is on the disk once this ends.

    Who dies before that leaves what was there, and perhaps one of `drafts`. `owner` says whose it is to be where root
    writes. One writer of a path at a time in a process. Raises OSError.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            if owner is not None and os.geteuid() == 0:
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        draft.replace(path)
        sync(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def drafts(path: Path) -> list[Path]:
    """What writers of `path` that died have left."""
    return sorted(path.parent.glob(f".{path.name}.*"))


def sync(folder: Path) -> None:
    """A new name lasts when its folder is on the disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
