"""Schema packs: one folder per version of the standard, chosen by the message's namespace and element.

Adding a version is adding a folder; see `manifest` for what it must hold.
"""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import xmlschema
from lxml import etree
from xmlschema.utils.urls import normalize_url

from gateway.errors import ConfigError, Fault, FaultCode
from gateway.xmeld.manifest import MANIFEST, Direction, Manifest, Message, read_manifest
from gateway.xmeld.verstoss import Verstoss, explain_by_place, explain_by_rule

__all__ = ["Direction", "Message", "Pack", "Packs", "Verstoss"]

# Schemas are compiled from memory under addresses that exist nowhere: no library can fetch one of its own accord.
_NOWHERE = "http://pack.invalid/"

# xmlschema takes some 60 times as long as lxml; beyond this size the place alone must do.
MAX_EXPLAINED_ELEMENTS = 5000


class Pack:
    """One version of the standard: decides whether a message keeps to it, and explains where not. Safe for threads."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._own = threading.local()
        self._lock = threading.RLock()
        self._explaining: xmlschema.XMLSchema10 | None = None
        # No other name of a message may be repeated to anybody.
        self._vocabulary = frozenset[str]().union(*(file.names for file in manifest.files.values()))

    def __repr__(self) -> str:
        return f"<Pack {self.name}>"

    @property
    def name(self) -> str:
        """Name of the pack, unique among those loaded together."""
        return self._manifest.name

    @property
    def version(self) -> str:
        """Version of the standard, as the messages state it."""
        return self._manifest.version

    @property
    def namespace(self) -> str:
        """Namespace of the version's messages."""
        return self._manifest.namespace

    @property
    def valid_from(self) -> date:
        """First day on which the version is in use."""
        return self._manifest.valid_from

    @property
    def valid_until(self) -> date | None:
        """Last day on which the version is in use; None while its successor is not known."""
        return self._manifest.valid_until

    @property
    def messages(self) -> Mapping[str, Message]:
        """The handled messages by number."""
        return self._manifest.messages

    @property
    def folder(self) -> Path:
        """Where the pack lies."""
        return self._manifest.folder

    @property
    def schema(self) -> xmlschema.XMLSchema10:
        """The schema's structure, compiled once per process. Raises ConfigError."""
        with self._lock:
            if self._explaining is None:
                self._explaining = _compile_for_explaining(self._manifest)
            return self._explaining

    def warm(self) -> None:
        """Compiles now what this thread and explanations would compile later. Raises ConfigError."""
        self._fast()
        _ = self.schema

    def is_valid(self, root: etree._Element) -> bool:
        """Whether the message keeps to the schema."""
        return self._fast().validate(root)

    def explain(self, root: etree._Element) -> Verstoss:
        """Place and rule of the first violation in a message that `is_valid` refused. No value of the message."""
        if sum(1 for _ in root.iter()) <= MAX_EXPLAINED_ELEMENTS:
            error = self._first_error(root)
            if error is not None:
                return explain_by_rule(error, root, self._vocabulary)
        fast = self._fast()
        fast.validate(root)
        return explain_by_place(fast.error_log, self._vocabulary)

    def _first_error(self, root: etree._Element) -> xmlschema.XMLSchemaValidationError | None:
        """None also where xmlschema, which reads some types more loosely than libxml2, sees no error."""
        with self._lock:
            try:
                return next(self.schema.iter_errors(root, use_location_hints=False), None)
            except xmlschema.XMLSchemaException:  # raised instead of reported: an unknown type in xsi:type
                return None

    def _fast(self) -> etree.XMLSchema:
        """One instance per thread: libxml2 keeps the errors of a validation in the schema object."""
        compiled: etree.XMLSchema | None = getattr(self._own, "schema", None)
        if compiled is None:
            compiled = self._own.schema = _compile(self._manifest)
        return compiled


class Packs:
    """The packs of an installation."""

    def __init__(self, packs: Iterable[Pack]) -> None:
        """Raises ConfigError when there is none, or two of one name."""
        self.packs = tuple(packs)
        if not self.packs:
            raise ConfigError("no schema pack is installed")
        for name, count in Counter(pack.name for pack in self.packs).items():
            if count > 1:
                raise ConfigError(f"name: {count} schema packs are called {name}")
        self._namespaces = frozenset(pack.namespace for pack in self.packs)
        claims: defaultdict[str, list[tuple[Pack, str]]] = defaultdict(list)
        for pack in self.packs:
            for message in pack.messages.values():
                claims[f"{{{pack.namespace}}}{message.element}"].append((pack, message.number))
        self._claims = dict(claims)

    @classmethod
    def load(cls, folder: Path) -> "Packs":
        """Every pack in a subfolder of `folder`. Raises ConfigError, naming file and key."""
        try:
            manifests = [read_manifest(path) for path in pack_folders(folder)]
        except OSError as error:
            raise ConfigError(f"{folder}: cannot be read: {error.strerror}") from error
        return cls(Pack(manifest) for manifest in manifests)

    @property
    def newest(self) -> Pack:
        """The pack of the latest version, for what answers no particular one."""
        return max(self.packs, key=lambda pack: pack.valid_from)

    def choose(self, root: etree._Element) -> tuple[Pack, str]:
        """The one pack that claims the message, and the message's number.

        Raises Fault: NOT_XMELD when no pack has the namespace, MESSAGE_NOT_ACCEPTED when one has but does not handle
        the element, AMBIGUOUS_XMELD when several claim it.
        """
        claims = self._claims.get(root.tag, ())
        if len(claims) == 1:
            return claims[0]
        if claims:
            raise Fault(FaultCode.AMBIGUOUS_XMELD, "Packs: " + ", ".join(sorted(pack.name for pack, _ in claims)))
        if etree.QName(root).namespace in self._namespaces:
            raise Fault(FaultCode.MESSAGE_NOT_ACCEPTED)
        raise Fault(FaultCode.NOT_XMELD)


def pack_folders(folder: Path) -> list[Path]:
    """The subfolders of `folder` that hold a pack, by name; hidden ones are packs being installed or removed."""
    found = (path.parent for path in folder.glob(f"*/{MANIFEST}"))
    return sorted(path for path in found if not path.name.startswith("."))


class _PackResolver(etree.Resolver):
    """Gives libxml2 the checked files, and nothing else: not the disk, not the network."""

    def __init__(self, manifest: Manifest) -> None:
        super().__init__()
        self._files = manifest.files
        self._targets = {_NOWHERE + name: name for name in manifest.files}
        for name, address, target in manifest.links():
            self._targets[urljoin(_NOWHERE + name, address)] = target

    def resolve(self, system_url: str, public_id: str, context: Any = None) -> Any:
        name = self._targets.get(system_url)
        if name is None:
            raise ConfigError(f"a schema asks for {system_url}, which is not a file of its pack")
        return self.resolve_string(self._files[name].content, context, base_url=_NOWHERE + name)


def _compile(manifest: Manifest) -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False)
    parser.resolvers.add(_PackResolver(manifest))
    root = etree.fromstring(manifest.files[manifest.entry].content, parser, base_url=_NOWHERE + manifest.entry)
    try:
        return etree.XMLSchema(root)
    except etree.XMLSchemaParseError as error:
        raise ConfigError(f"{manifest.folder / manifest.entry}: not a usable schema: {error.msg}") from error


def _compile_for_explaining(manifest: Manifest) -> xmlschema.XMLSchema10:
    try:
        return xmlschema.XMLSchema10(
            manifest.folder / manifest.entry,
            allow="local",  # and there only to files of the pack: the manifest's links were followed when it was read
            defuse="always",
            use_fallback=False,
            uri_mapper=_catalogued(manifest),
        )
    except (OSError, xmlschema.XMLSchemaException) as error:
        first_line = str(error).partition("\n")[0]
        raise ConfigError(f"{manifest.folder / manifest.entry}: not a usable schema: {first_line}") from error


def _catalogued(manifest: Manifest) -> dict[str, str]:
    """For xmlschema: each catalogued address, as written and as made absolute, to the file that it means."""
    mapping = {}
    for name, address, target in manifest.links():
        if address in manifest.catalogue:
            file = (manifest.folder / target).as_uri()
            mapping[address] = mapping[normalize_url(address, str((manifest.folder / name).parent))] = file
    return mapping
