"""Schema packs: one folder per version of the standard, chosen by the message's namespace and element.

Messages of the project's own have packs too, which build on one of the standard's; such a pack is never the newest.
Adding a version is adding a folder; see `manifest` for what it must hold.
"""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import xmlschema
from lxml import etree

from gateway.errors import ConfigError, Fault, FaultCode
from gateway.schema.pack_files import message_folders, unpacked, unusable
from gateway.schema.verstoss import Verstoss, explain_by_place
from gateway.xmeld.manifest import Direction, Manifest, Message, read_manifest
from gateway.xmeld.verstoss import explain_by_rule

__all__ = ["Direction", "Message", "Pack", "Packs", "Verstoss"]

# xmlschema takes some 60 times as long as lxml; beyond this size the place alone must do.
MAX_EXPLAINED_ELEMENTS = 1000


class Pack:
    """A version of the standard, or messages of our own: decides whether a message keeps to it, and explains where not.

    Safe for threads.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._own = threading.local()
        self._lock = threading.RLock()
        self._explaining: xmlschema.XMLSchema10 | None = None
        # No other name of a message may be repeated to anybody.
        self._vocabulary = manifest.names

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
    def is_standard(self) -> bool:
        """Whether it is a version of the standard, not messages of the project's own."""
        return self._manifest.is_standard

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
        """At least one of the standard. Raises ConfigError for none, and for two of one name."""
        self.packs = tuple(packs)
        self.versions = tuple(pack for pack in self.packs if pack.is_standard)
        if not self.versions:
            raise ConfigError("namespace: none of the schema packs is a version of the standard")
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
        """Every pack of messages in a subfolder of `folder`. Raises ConfigError, naming file and key."""
        folders = message_folders(folder)
        if not folders:
            raise ConfigError(f"{folder}: no schema pack is installed")
        return cls(Pack(read_manifest(path)) for path in folders)

    @property
    def newest(self) -> Pack:
        """The pack of the latest version, in use already or not."""
        return max(self.versions, key=lambda pack: pack.valid_from)

    def newest_on(self, today: date) -> Pack:
        """The pack of the latest version that is in use on `today`, for what answers no particular one."""
        begun = [pack for pack in self.versions if pack.valid_from <= today] or self.versions
        return max(begun, key=lambda pack: pack.valid_from)

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


@contextmanager
def _unpacked(manifest: Manifest) -> Iterator[Path]:
    """The entry's path in a private copy of the checked files."""
    with unpacked(manifest.unpacked()) as folder:
        yield folder / manifest.name / manifest.entry


def _compile(manifest: Manifest) -> etree.XMLSchema:
    try:
        with _unpacked(manifest) as entry:
            return etree.XMLSchema(file=str(entry))
    except (OSError, etree.LxmlError) as error:
        raise unusable(manifest.folder / manifest.entry, error) from error


def _compile_for_explaining(manifest: Manifest) -> xmlschema.XMLSchema10:
    try:
        with _unpacked(manifest) as entry:
            return xmlschema.XMLSchema10(entry.as_uri(), allow="local", defuse="always", use_fallback=False)
    except (OSError, xmlschema.XMLSchemaException) as error:
        raise unusable(manifest.folder / manifest.entry, error) from error
