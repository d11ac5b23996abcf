"""The schemas of OSCI-Transport 1.2: one for each message type, which its envelope names in xsi:schemaLocation."""

import threading
from pathlib import Path

from lxml import etree

from gateway.errors import ConfigError
from gateway.schema.pack_files import MANIFEST
from gateway.schema.transport import TransportPack, read_transport
from gateway.schema.verstoss import Verstoss, explain_by_place

#: Name of the pack and of its folder.
PACK = "osci-1.2"


class OsciSchemas:
    """Decides whether an envelope keeps to the schema of its message type, and says where not. Safe for threads."""

    def __init__(self, pack: TransportPack) -> None:
        """Compiles all of them, some 30 ms. Raises ConfigError."""
        self._names = pack.names
        # The errors of a validation stay in the schema object until the next one: one validation at a time in each.
        self._schemas = {message: (schema, threading.Lock()) for message, schema in pack.compiled().items()}

    @classmethod
    def load(cls, folder: Path) -> "OsciSchemas":
        """The pack `osci-1.2` in the folder of packs. Raises ConfigError when it is absent, damaged or unusable."""
        if not (folder / PACK / MANIFEST).is_file():
            raise ConfigError(f"{folder} lacks the pack {PACK}: copy it there from the project")
        return cls(read_transport(folder / PACK))

    @property
    def types(self) -> frozenset[str]:
        """The message types, as in `ProcessDelivery`."""
        return frozenset(self._schemas)

    def violation(self, message_type: str, root: etree._Element) -> str | None:
        """None where the envelope is valid; else place and rule in German, without any value of the message.

        An envelope of a type that is not one of `types` is never valid.
        """
        if message_type not in self._schemas:
            return Verstoss("/", "der Nachrichtentyp ist hier nicht vorgesehen").hinweis
        schema, lock = self._schemas[message_type]
        with lock:
            return None if schema.validate(root) else explain_by_place(schema.error_log, self._names).hinweis
