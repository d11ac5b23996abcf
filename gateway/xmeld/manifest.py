"""What a folder must hold to be a pack of messages: pack.toml, and the files that it names with their checksums.

What is compiled later is what was checked here: the bytes stay in memory, and an address that leads anywhere else than
to one of them is refused before anything is compiled.

A pack may build on one other, `requires`, that lies beside it: then an import that none of its own files answers means
the file of that pack which gives the namespace.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gateway.errors import ConfigError
from gateway.schema.pack_files import MANIFEST, MESSAGES, PACK_NAME, TRANSPORT, check_keys, read_files, read_toml
from gateway.schema.schema_file import Reference, SchemaFile, target

#: Namespaces of all versions of the standard, handled here or not.
XMELD_FAMILY = re.compile(r"http://www\.osci\.de/xmeld[0-9a-z]+")

_NUMBER = re.compile(r"[0-9]{4}")
_REQUIRED = {
    "name": str,
    "version": str,
    "namespace": str,
    "entry": str,
    "valid_from": date,
    "messages": dict,
    "files": dict,
}
_OPTIONAL = {"valid_until": date, "catalogue": dict, "requires": str, "kind": str}


class Direction(Enum):
    """Which way a message goes, seen from the authority that asks."""

    REQUEST = "request"
    ANSWER = "answer"
    NOTICE = "notice"  # to somebody else, who did not ask


@dataclass(frozen=True)
class Message:
    """A message that the gateway handles: its number in the standard, its element's local name, its direction."""

    number: str
    element: str
    direction: Direction


@dataclass(frozen=True)
class Manifest:
    """A pack as checked. `files` is by path inside the pack, `base` the pack that it builds on."""

    folder: Path
    name: str
    version: str
    namespace: str
    entry: str
    valid_from: date
    valid_until: date | None
    messages: Mapping[str, Message]
    catalogue: Mapping[str, str]
    files: Mapping[str, SchemaFile]
    base: "Manifest | None"

    @property
    def is_standard(self) -> bool:
        """Whether it is a version of the standard, not messages of the project's own."""
        return XMELD_FAMILY.fullmatch(self.namespace) is not None

    @property
    def names(self) -> frozenset[str]:
        """Local names of all elements and attributes that may occur in a message."""
        own = frozenset[str]().union(*(file.names for file in self.files.values()))
        return own | self.base.names if self.base else own

    def unpacked(self) -> Iterator[tuple[str, bytes]]:
        """Each file that is compiled, those of the base included, under "pack/path"; its addresses lead to another."""
        for name, file in self.files.items():
            path = f"{self.name}/{name}"
            yield path, file.with_targets(path, self.targets(name))
        if self.base:
            yield from self.base.unpacked()

    def targets(self, name: str) -> dict[str, str]:
        """For each address in the file `name` the "pack/path" that it means; ConfigError when one leads nowhere."""
        return {reference.address: self._target(name, reference) for reference in self.files[name].references}

    def _target(self, name: str, reference: Reference) -> str:
        own = target(name, reference.address, self.files, self.catalogue)
        if own is not None:
            return f"{self.name}/{own}"
        given = self.base._giving(reference.namespace) if self.base and reference.namespace else None
        if given is None:
            raise ConfigError(
                f"{self.folder / name}: {reference.address} is neither a file of the pack nor in its catalogue"
            )
        return given

    def _giving(self, namespace: str) -> str | None:
        """The file that gives `namespace` to a pack that builds on this one, wherever the publisher has put it."""
        if namespace == self.namespace:
            return f"{self.name}/{self.entry}"
        files = [name for name, file in self.files.items() if file.namespace == namespace]
        if len(files) == 1:
            return f"{self.name}/{files[0]}"
        return self.base._giving(namespace) if self.base else None


def read_manifest(folder: Path) -> Manifest:
    """The pack in `folder`. Raises ConfigError, naming file and key, when anything is missing, unknown or changed."""
    return _read_pack(folder.absolute(), ())


def _read_pack(folder: Path, above: tuple[str, ...]) -> Manifest:
    path = folder / MANIFEST
    keys = read_toml(path)
    _check(path, keys)
    if not PACK_NAME.fullmatch(keys["name"]):
        raise ConfigError(f"{path}: name: only letters, digits, '.', '_' and '-', at most 80 characters")
    files = read_files(path, keys["files"])
    manifest = Manifest(
        folder=folder.resolve(),
        name=keys["name"],
        version=keys["version"],
        namespace=keys["namespace"],
        entry=keys["entry"],
        valid_from=keys["valid_from"],
        valid_until=keys.get("valid_until"),
        messages=MappingProxyType({number: _message(path, number, row) for number, row in keys["messages"].items()}),
        catalogue=MappingProxyType(keys.get("catalogue", {})),
        files=MappingProxyType(files),
        base=_base(path, keys["requires"], (*above, folder.name)) if "requires" in keys else None,
    )
    _check_closed(path, manifest)
    return manifest


def _check(path: Path, keys: dict[str, Any]) -> None:
    if keys.get("kind", MESSAGES) != MESSAGES:
        raise ConfigError(f"{path}: kind: must be {MESSAGES} or {TRANSPORT}")
    check_keys(path, keys, _REQUIRED, _OPTIONAL)
    if keys.get("valid_until", date.max) < keys["valid_from"]:
        raise ConfigError(f"{path}: valid_until: lies before valid_from")


def _base(path: Path, name: str, above: tuple[str, ...]) -> Manifest:
    """The required pack: it lies beside, in a folder of its name. `above` are the folders that lead to it."""
    where = f"{path}: requires"
    if not PACK_NAME.fullmatch(name):
        raise ConfigError(f"{where}: must be the name of a pack")
    if name in above:
        raise ConfigError(f"{where}: {name} builds on this pack itself")
    folder = path.parent.parent / name
    if not (folder / MANIFEST).is_file():
        raise ConfigError(f"{where}: no pack {name} lies beside this one")
    base = _read_pack(folder, above)
    if base.name != name:
        raise ConfigError(f"{where}: the pack in the folder {name} is called {base.name}")
    return base


def _message(path: Path, number: str, row: object) -> Message:
    where = f"{path}: messages.{number}"
    if not _NUMBER.fullmatch(number):
        raise ConfigError(f"{where}: must be a number of four digits")
    if not isinstance(row, dict) or set(row) != {"element", "direction"}:
        raise ConfigError(f"{where}: must have exactly the keys element and direction")
    if not isinstance(row["element"], str) or not row["element"]:
        raise ConfigError(f"{where}.element: must be the local name of an element")
    try:
        direction = Direction(row["direction"])
    except ValueError:
        known = ", ".join(direction.value for direction in Direction)
        raise ConfigError(f"{where}.direction: must be one of {known}") from None
    return Message(number, row["element"], direction)


def _check_closed(path: Path, manifest: Manifest) -> None:
    if manifest.entry not in manifest.files:
        raise ConfigError(f"{path}: entry: {manifest.entry} is not one of the files")
    for address, name in manifest.catalogue.items():
        if not isinstance(name, str) or name not in manifest.files:
            raise ConfigError(f"{path}: catalogue.{address}: {name} is not one of the files")
    if manifest.files[manifest.entry].namespace != manifest.namespace:
        raise ConfigError(f"{path}: namespace: is not that of {manifest.entry}")
    declared = {
        element for file in manifest.files.values() if file.namespace == manifest.namespace for element in file.elements
    }
    for message in manifest.messages.values():
        if message.element not in declared:
            raise ConfigError(f"{path}: messages.{message.number}.element: the schemas declare no {message.element}")
    for name in manifest.files:
        manifest.targets(name)
