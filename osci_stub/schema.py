"""The schemas of XMeld 25.11a: the one thing that the stub shares with the gateway, read from the same folder."""

import tomllib
from pathlib import Path
from threading import Lock
from typing import Any

from lxml import etree

PACK = "pack.toml"
_ROOT = Path(__file__).resolve().parents[1]
#: In a checkout, and beside an installed package.
PLACES = tuple(_ROOT / place / "xmeld-25.11a" for place in ("xsd", "gateway/_data/xsd"))


class Schema:
    """Tells what is wrong with a message. Usable by several threads: lxml's error log is shared, so one at a time."""

    def __init__(self, folder: Path) -> None:
        entry = tomllib.loads((folder / PACK).read_text("utf-8"))["entry"]
        self._schema = etree.XMLSchema(etree.parse(folder / entry))
        self._lock = Lock()

    def complaint(self, root: etree._Element) -> str | None:
        """Line and element of the first violation, never a value; None for a valid message."""
        with self._lock:
            if self._schema.validate(root):
                return None
            log: Any = self._schema.error_log  # the stubs for lxml do not know that it is a sequence
            first = log[0]
            return f"not valid by the schema: line {first.line}, {first.path}, {first.type_name}"


def find_schema() -> Schema | None:
    """The project's schemas, None where the folder is absent."""
    for folder in PLACES:
        if (folder / PACK).is_file():
            return Schema(folder)
    return None
