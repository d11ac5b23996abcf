"""What every schema pack is: a folder with pack.toml, which names the schema files beside it with their checksums.

Everything is read once and checked when it is read. What is compiled later is what was checked here.
"""

import hashlib
import re
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateway.errors import ConfigError
from gateway.schema.schema_file import FILE_NAME, SchemaFile, read_schema

MANIFEST = "pack.toml"

PACK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")

# Kinds of pack: messages are chosen by namespace and element, envelopes of a transport by what they say they are.
MESSAGES = "messages"
TRANSPORT = "transport"

_SHA256 = re.compile(r"[0-9a-f]{64}")


def pack_folders(folder: Path) -> list[Path]:
    """The subfolders of `folder` that hold a pack, by name; hidden ones are packs being installed or removed."""
    found = (path.parent for path in folder.glob(f"*/{MANIFEST}"))
    return sorted(path for path in found if not path.name.startswith("."))


def message_folders(folder: Path) -> list[Path]:
    """Those that hold messages, and those of which nothing can be said: reading them names what is wrong."""
    return [path for path in pack_folders(folder) if not is_transport(path)]


def is_transport(folder: Path) -> bool:
    """Whether the pack in `folder` says that it holds envelopes of a transport."""
    try:
        return read_toml(folder / MANIFEST).get("kind") == TRANSPORT
    except ConfigError:
        return False


def read_toml(path: Path) -> dict[str, Any]:
    """The keys of a pack.toml. Raises ConfigError."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error


def check_keys(path: Path, keys: Mapping[str, Any], required: Mapping[str, type], optional: Mapping[str, type]) -> None:
    """Raises ConfigError for a key of `path` that is unknown, missing, or of another type."""
    known = {**required, **optional}
    for key in keys:
        if key not in known:
            raise ConfigError(f"{path}: {key}: unknown key")
    for key in required:
        if key not in keys:
            raise ConfigError(f"{path}: {key}: missing")
    for key, value in keys.items():
        if type(value) is not known[key]:
            raise ConfigError(f"{path}: {key}: must be a {known[key].__name__}")
        if value in ("", {}) and key != "catalogue":
            raise ConfigError(f"{path}: {key}: must not be empty")


def read_files(path: Path, digests: Mapping[str, Any]) -> dict[str, SchemaFile]:
    """The files that pack.toml at `path` lists, by path inside the pack: all that lie there, none of them changed.

    Raises ConfigError.
    """
    files = {name: _read_file(path, name, digest) for name, digest in digests.items()}
    present = {file.relative_to(path.parent).as_posix() for file in path.parent.rglob("*.xsd")}
    for name in sorted(present - set(files)):
        raise ConfigError(f"{path}: files: {name} lies in the pack but is not listed")
    return files


def _read_file(path: Path, name: str, digest: object) -> SchemaFile:
    where = f"{path}: files.{name}"
    if not FILE_NAME.fullmatch(name):
        raise ConfigError(f"{where}: not the path of an .xsd file inside the pack")
    if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise ConfigError(f"{where}: must be a SHA-256 in lower-case hex")
    try:
        content = (path.parent / name).read_bytes()
    except OSError as error:
        raise ConfigError(f"{where}: cannot be read: {error.strerror}") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise ConfigError(f"{where}: the file was changed, its checksum does not match")
    return read_schema(str(path.parent / name), content)


@contextmanager
def unpacked(files: Iterable[tuple[str, bytes]]) -> Iterator[Path]:
    """A private copy of the checked files, by path, in which every address is that of a file beside.

    So libraries compile what was checked, and have no address left that could lead elsewhere. A resolver of lxml's
    would not do: libxml2's loader belongs to the whole process, and a parse in another thread takes it away meanwhile.
    """
    with tempfile.TemporaryDirectory(prefix="xmeld-pack-") as folder:
        for name, content in files:
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        yield Path(folder)


def unusable(entry: Path, error: Exception) -> ConfigError:
    """The error for a schema that does not compile, in one line."""
    reason = str(error).partition("\n")[0]
    return ConfigError(f"{entry}: not a usable schema: {reason}")
