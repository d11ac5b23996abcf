"""The project's schemas of OSCI-Transport 1.2, where they are found: shared with the gateway, as those of XMeld are."""

from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from lxml import etree

_ROOT = Path(__file__).resolve().parents[2]
#: In a checkout, and beside an installed package.
PLACES = tuple(_ROOT / place / "osci-1.2" for place in ("xsd", "gateway/_data/xsd"))


class Schemas:
    """Tells what is wrong with an envelope, by message type. Usable by several threads, one at a time."""

    def __init__(self, folder: Path) -> None:
        self._files: Mapping[str, Path] = {file.stem: file for file in folder.glob("*.xsd")}
        self._compiled: dict[str, etree.XMLSchema] = {}
        self._lock = Lock()

    def complaint(self, message_type: str, envelope: etree._Element) -> str | None:
        """Line and rule of the first violation, never a value; None for a valid envelope."""
        with self._lock:
            if message_type not in self._compiled:
                self._compiled[message_type] = etree.XMLSchema(etree.parse(self._files[message_type]))
            schema = self._compiled[message_type]
            if schema.validate(envelope):
                return None
            log: Any = schema.error_log  # the stubs for lxml do not know that it is a sequence
            return f"not valid by the schema: line {log[0].line}, {log[0].path}, {log[0].type_name}"


def find_schemas() -> Schemas | None:
    """The project's schemas, None where the folder is absent."""
    return next((Schemas(folder) for folder in PLACES if folder.is_dir()), None)
