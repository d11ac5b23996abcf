"""Installing a publisher's schemas as a pack: unchanged files, and a pack.toml beside them.

The messages that the new pack handles are those that the installed packs handle, found again by their number: a new
version of the standard may rename an element, but keeps its number.
"""

import hashlib
import json
import re
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath

from gateway.errors import ConfigError
from gateway.schema.pack_files import MANIFEST, PACK_NAME, is_transport, message_folders, pack_folders
from gateway.schema.schema_file import FILE_NAME, SchemaFile, read_schema, target
from gateway.schema.transport import read_transport
from gateway.xmeld.manifest import XMELD_FAMILY, Message, read_manifest
from gateway.xmeld.packs import Pack

# XMeld 25.11a with all it imports: 44 files, 2.2 MB.
MAX_FILES = 1000
MAX_TOTAL = 64 * 1024 * 1024  # bytes, unpacked

_VERSION = re.compile(r"(?P<year>[0-9]{2})\.(?P<month>0[1-9]|1[0-2])[a-z]?")


@dataclass(frozen=True)
class PackRow:
    """An installed pack, as listed; one of a transport has no namespace of its own and no days."""

    name: str
    version: str
    namespace: str | None
    valid_from: date | None
    valid_until: date | None
    messages: tuple[str, ...]
    files: int


@dataclass(frozen=True)
class Finding:
    """A pack's folder, and what is wrong with it; None when nothing is."""

    folder: str
    problem: str | None


def installed(folder: Path) -> list[PackRow]:
    """The packs in `folder`, by name. Raises ConfigError for a damaged one."""
    return [_row(path) for path in pack_folders(folder)]


def check(folder: Path) -> list[Finding]:
    """Reads and compiles every pack in `folder`; each is reported, whatever is wrong with the others."""
    findings = [Finding(path.name, _problem(path)) for path in pack_folders(folder)]
    if not findings:
        raise ConfigError(f"{folder}: no schema pack is installed")
    sound = [finding.folder for finding in findings if finding.problem is None]
    return findings + list(_clashes({name: _row(folder / name) for name in sound}))


def _clashes(rows: Mapping[str, PackRow]) -> Iterator[Finding]:
    for name, row in rows.items():
        for other, claimed in rows.items():
            same = claimed.name == row.name or (row.namespace is not None and claimed.namespace == row.namespace)
            if other < name and same:
                yield Finding(name, f"has the name or the namespace of {other}; only one of them can be used")


def add(
    source: Path,
    folder: Path,
    *,
    name: str | None = None,
    entry: str | None = None,
    valid_from: date | None = None,
    valid_until: date | None = None,
    replace: bool = False,
) -> PackRow:
    """Installs the schemas of `source`, a ZIP file or a folder, as a pack in `folder`.

    `name` is by default "xmeld-" and the version; `entry` the one schema file of the standard that no other includes;
    `valid_from` the first day of the month that the version names. A pack of the same namespace is refused unless
    `replace`, which removes the former one once the new one is in its place. Raises ConfigError; then nothing changed.
    """
    files = {path: read_schema(path, content) for path, content in _collect(source)}
    if not files:
        raise ConfigError(f"{source}: holds no .xsd file")
    catalogue = _catalogue(files)
    entry = entry or _entry(files, catalogue)
    if entry not in files:
        raise ConfigError(f"{entry}: not a file of {source}")
    version, namespace = files[entry].version, files[entry].namespace
    if not version or not namespace:
        raise ConfigError(f"{entry}: states no version or no targetNamespace")
    name = name or f"xmeld-{version}"
    if not PACK_NAME.fullmatch(name):
        raise ConfigError(f"{name}: not a usable name; only letters, digits, '.', '_' and '-', at most 80 characters")
    former = _former(folder, name, namespace, replace)
    head = {"name": name, "version": version, "namespace": namespace, "entry": entry}
    dates = {"valid_from": valid_from or _first_day(version), "valid_until": valid_until}
    manifest = "\n".join(_toml(head, dates, _messages(folder, namespace, files), catalogue, files))
    return _install(folder, name, manifest, files, former)


def _row(path: Path) -> PackRow:
    if is_transport(path):
        pack = read_transport(path)
        return PackRow(pack.name, pack.version, None, None, None, tuple(sorted(pack.entries)), len(pack.files))
    manifest = read_manifest(path)
    return PackRow(
        name=manifest.name,
        version=manifest.version,
        namespace=manifest.namespace,
        valid_from=manifest.valid_from,
        valid_until=manifest.valid_until,
        messages=tuple(sorted(manifest.messages)),
        files=len(manifest.files),
    )


def _problem(path: Path) -> str | None:
    try:
        if is_transport(path):
            read_transport(path).compiled()
        else:
            Pack(read_manifest(path)).warm()
    except ConfigError as error:
        return str(error)
    return None


def _collect(source: Path) -> Iterator[tuple[str, bytes]]:
    """Paths and contents of the schema files. Raises ConfigError for what cannot be read or must not be trusted."""
    try:
        if source.is_dir():
            yield from _collect_folder(source)
        else:
            yield from _collect_zip(source)
    except OSError as error:
        raise ConfigError(f"{source}: cannot be read: {error.strerror or error}") from error


def _collect_folder(source: Path) -> Iterator[tuple[str, bytes]]:
    budget = _Budget(source)
    for path in sorted(source.rglob("*")):
        if path.suffix == ".xsd":
            if path.is_symlink() or not path.is_file():
                raise ConfigError(f"{path}: not a regular file")
            name = budget.name(path.relative_to(source).as_posix())
            with path.open("rb") as stream:
                content = stream.read(budget.left + 1)
            budget.spend(len(content))
            yield name, content


def _collect_zip(source: Path) -> Iterator[tuple[str, bytes]]:
    budget = _Budget(source)
    try:
        with zipfile.ZipFile(source) as archive:
            for info in archive.infolist():
                _check_member(source, info)
                if info.filename.endswith(".xsd"):
                    name = budget.name(info.filename)
                    with archive.open(info) as stream:  # the size in the directory is only a claim
                        content = stream.read(budget.left + 1)
                    budget.spend(len(content))
                    yield name, content
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise ConfigError(f"{source}: not a usable ZIP file: {error}") from error


def _check_member(source: Path, info: zipfile.ZipInfo) -> None:
    """One member that leads outside spoils the whole archive, schema or not."""
    path = PurePosixPath(info.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in info.filename or ":" in info.filename:
        raise ConfigError(f"{source}: {info.filename!r} leads out of the archive")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ConfigError(f"{source}: {info.filename!r} is neither a file nor a folder")


class _Budget:
    """What may still be read from a source."""

    def __init__(self, source: Path) -> None:
        self._source = source
        self._names: set[str] = set()
        self.left = MAX_TOTAL

    def name(self, name: str) -> str:
        if not FILE_NAME.fullmatch(name):
            raise ConfigError(
                f"{self._source}: {name!r}: only letters, digits, '.', '_' and '-' in a schema file's path"
            )
        if name.casefold() in self._names:
            raise ConfigError(f"{self._source}: {name!r} occurs twice")
        self._names.add(name.casefold())
        if len(self._names) > MAX_FILES:
            raise ConfigError(f"{self._source}: more than {MAX_FILES} schema files")
        return name

    def spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise ConfigError(f"{self._source}: more than {MAX_TOTAL} bytes of schema files")


def _catalogue(files: Mapping[str, SchemaFile]) -> dict[str, str]:
    """For each address that leads to no file beside: the one that is meant. Raises ConfigError for none or several."""
    catalogue: dict[str, str] = {}
    for name, file in files.items():
        for reference in file.references:
            if target(name, reference.address, files, {}) is None:
                namespace = file.namespace if reference.namespace is None else reference.namespace
                catalogue[reference.address] = _meant(name, reference.address, namespace, files)
    return catalogue


def _meant(name: str, address: str, namespace: str | None, files: Mapping[str, SchemaFile]) -> str:
    same = [path for path, file in files.items() if file.namespace == namespace and path != name]
    called = [path for path in same if PurePosixPath(path).name == PurePosixPath(address).name]
    candidates = called or same
    if len(candidates) != 1:
        found = ", ".join(sorted(candidates)) or "none of the files"
        raise ConfigError(f"{name}: {address}: must be one file of the namespace {namespace}, but it may be {found}")
    return candidates[0]


def _entry(files: Mapping[str, SchemaFile], catalogue: Mapping[str, str]) -> str:
    wanted = {target(name, ref.address, files, catalogue) for name, file in files.items() for ref in file.references}
    tops = [name for name in files if name not in wanted and XMELD_FAMILY.fullmatch(files[name].namespace or "")]
    if len(tops) != 1:
        found = ", ".join(sorted(tops)) or "none"
        raise ConfigError(f"entry: one schema file of the standard must include all others; candidates: {found}")
    return tops[0]


def _first_day(version: str) -> date:
    """The standard names its versions after the month in which they begin: 25.11a is in use from 1 November 2025."""
    found = _VERSION.fullmatch(version)
    if found is None:
        raise ConfigError(f"valid_from: cannot be told from the version {version}: it must be one as 25.11a")
    return date(2000 + int(found["year"]), int(found["month"]), 1)


def _former(folder: Path, name: str, namespace: str, replace: bool) -> list[Path]:
    """The folders that the new pack takes the place of."""
    former = [path for path in message_folders(folder) if read_manifest(path).namespace == namespace]
    if former and not replace:
        raise ConfigError(
            f"{former[0].name} has the namespace {namespace} already; only --replace installs another one"
        )
    if (folder / name).exists() and folder / name not in former:
        raise ConfigError(f"{folder / name}: exists already and is of another namespace: move it away")
    return former


def _messages(folder: Path, namespace: str, files: Mapping[str, SchemaFile]) -> list[Message]:
    versions = [pack for pack in map(read_manifest, message_folders(folder)) if pack.is_standard]
    handled = {row.number: row for pack in versions for row in pack.messages.values()}
    elements = [element for file in files.values() if file.namespace == namespace for element in file.elements]
    found = [
        Message(number, element, row.direction)
        for number, row in sorted(handled.items())
        for element in elements
        if element.endswith(f".{number}")
    ]
    if not found:
        raise ConfigError(
            f"{namespace}: declares none of the messages that installed packs handle: {', '.join(handled)}"
        )
    return found


def _toml(
    head: Mapping[str, str],
    dates: Mapping[str, date | None],
    messages: Iterable[Message],
    catalogue: Mapping[str, str],
    files: Mapping[str, SchemaFile],
) -> Iterator[str]:
    yield "# Written by `schema add`: the publisher's files as they came, and their checksums."
    yield from (f"{key} = {_quoted(value)}" for key, value in head.items())
    yield from (f"{key} = {value.isoformat()}" for key, value in dates.items() if value is not None)
    yield "\n[messages]"
    for message in messages:
        element, direction = _quoted(message.element), _quoted(message.direction.value)
        yield f"{message.number} = {{ element = {element}, direction = {direction} }}"
    yield "\n[catalogue]"
    yield from (f"{_quoted(address)} = {_quoted(path)}" for address, path in sorted(catalogue.items()))
    yield "\n[files]"
    yield from (f"{_quoted(path)} = {_quoted(_digest(file.content))}" for path, file in sorted(files.items()))
    yield ""


def _quoted(text: str) -> str:
    return json.dumps(text)  # a JSON string is a TOML basic string


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _install(
    folder: Path, name: str, manifest: str, files: Mapping[str, SchemaFile], former: Iterable[Path]
) -> PackRow:
    """Writes aside, compiles, and only then moves into place; hidden folders are never read as packs."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".adding-", dir=folder))
        try:
            _write(staging, manifest, files)
            row = _row(staging)
            Pack(read_manifest(staging)).warm()
            _swap(staging, folder / name, former)
        finally:
            with suppress(FileNotFoundError):
                shutil.rmtree(staging)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written: {error.strerror}") from error
    return row


def _swap(staging: Path, place: Path, former: Iterable[Path]) -> None:
    """Puts the new pack in the place of the former ones; back again if that fails, or fails what builds on them."""
    removed = [(path, path.rename(path.with_name(f".former-{path.name}"))) for path in former]
    try:
        staging.rename(place)
        if removed:
            _check_builders(place.parent)
    except (OSError, ConfigError):
        if not staging.exists():
            place.rename(staging)
        for path, hidden in removed:
            hidden.rename(path)
        raise
    for _, hidden in removed:
        shutil.rmtree(hidden)


def _check_builders(folder: Path) -> None:
    """Raises ConfigError when a pack that builds on another can no longer be used."""
    for manifest in map(read_manifest, message_folders(folder)):
        if manifest.base:
            Pack(manifest).warm()


def _write(staging: Path, manifest: str, files: Mapping[str, SchemaFile]) -> None:
    staging.chmod(0o755)  # a schema is no secret; mkdtemp makes it the owner's alone
    for name, file in files.items():
        path = staging / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    (staging / MANIFEST).write_text(manifest, encoding="utf-8")
