"""A pack of a transport: one schema for each of its message types, chosen by the type and not by an element."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from gateway.errors import ConfigError
from gateway.schema.pack_files import (
    MANIFEST,
    PACK_NAME,
    TRANSPORT,
    check_keys,
    read_files,
    read_toml,
    unpacked,
    unusable,
)
from gateway.schema.schema_file import SchemaFile, target

_KEYS = {"kind": str, "name": str, "version": str, "entries": dict, "files": dict}


@dataclass(frozen=True)
class TransportPack:
    """A pack as checked. `entries` names the file of each message type, `files` are by path inside the pack."""

    folder: Path
    name: str
    version: str
    entries: Mapping[str, str]
    files: Mapping[str, SchemaFile]

    @property
    def names(self) -> frozenset[str]:
        """Local names of all elements and attributes that the schemas declare."""
        return frozenset[str]().union(*(file.names for file in self.files.values()))

    def compiled(self) -> dict[str, etree.XMLSchema]:
        """The schema of each message type. Raises ConfigError."""
        with unpacked((name, file.content) for name, file in self.files.items()) as folder:
            return {message: self._compile(folder, entry) for message, entry in self.entries.items()}

    def _compile(self, folder: Path, entry: str) -> etree.XMLSchema:
        try:
            return etree.XMLSchema(file=str(folder / entry))
        except etree.LxmlError as error:
            raise unusable(self.folder / entry, error) from error


def read_transport(folder: Path) -> TransportPack:
    """The pack in `folder`. Raises ConfigError, naming file and key, when anything is missing, unknown or changed."""
    path = folder.absolute() / MANIFEST
    keys = read_toml(path)
    check_keys(path, keys, _KEYS, {})
    if keys["kind"] != TRANSPORT:
        raise ConfigError(f"{path}: kind: must be {TRANSPORT}")
    if not PACK_NAME.fullmatch(keys["name"]):
        raise ConfigError(f"{path}: name: only letters, digits, '.', '_' and '-', at most 80 characters")
    files = read_files(path, keys["files"])
    for message, entry in keys["entries"].items():
        if entry not in files:
            raise ConfigError(f"{path}: entries.{message}: is not one of the files")
    for name, file in files.items():
        for reference in file.references:
            if target(name, reference.address, files, {}) is None:
                raise ConfigError(f"{path.parent / name}: {reference.address} is not a file of the pack")
    return TransportPack(folder.resolve(), keys["name"], keys["version"], keys["entries"], files)
