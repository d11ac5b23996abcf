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

_SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
_OSCI = "{http://www.osci.de/2002/04/osci}"
_NEXT = "http://schemas.xmlsoap.org/soap/actor/next"
_NONE = "http://www.w3.org/2001/12/soap-envelope/actor/none"
_FOR_NONE = frozenset({f"{_OSCI}IntermediaryCertificates", f"{_OSCI}NonIntermediaryCertificates"})


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
            found = _wrong_actor(root) if schema.validate(root) else explain_by_place(schema.error_log, self._names)
        return found.hinweis if found else None


def _wrong_actor(root: etree._Element) -> Verstoss | None:
    """libxml2 does not hold the fixed value of an attribute that is referred to, as soap:actor is; this does."""
    for position, block in enumerate(root.iterfind(f"{_SOAP}Header/{_OSCI}*"), 1):
        actor = block.get(f"{_SOAP}actor", "").strip(" \t\r\n")
        if actor != (_NONE if block.tag in _FOR_NONE else _NEXT):
            return Verstoss(f"/Envelope[1]/Header[1]/*[{position}]/@actor", "das Attribut hat einen festen Wert")
    return None
