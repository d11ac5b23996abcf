"""The reference library's messages and keys, and its schemas compiled; what tests compare the stub's writing with."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from lxml import etree

from osci_stub.keys import Signatory
from osci_stub.osci.parties import Party, load_key
from osci_stub.osci.received import Received, read
from osci_stub.osci.refused import Refused
from tests.shared import SHARED

OSCI = SHARED / "osci"
VECTORS = OSCI / "vectors"
PASSWORD = b"123456"
PEOPLE = {"authority": "alice", "gateway": "bob", "intermediary": "osci_manager"}


def _key(name: str) -> Signatory:
    return load_key(OSCI / f"pki/{name}_4096.p12", PASSWORD)


@cache
def party(role: str) -> Party:
    """A holder of the public test keys: `authority`, `gateway` or `intermediary`."""
    name = PEOPLE[role]
    return Party(name, _key(f"{name}_signature"), _key(f"{name}_cipher"))


def vector(name: str) -> bytes:
    return (VECTORS / name).read_bytes()


def messages() -> list[str]:
    """Names of all MIME messages."""
    return sorted(str(file.relative_to(VECTORS)) for file in VECTORS.rglob("*.mime"))


def opened(data: bytes) -> Received:
    """By whichever test key it is for."""
    for role in PEOPLE:
        try:
            return read(data, party(role).cipher)
        except Refused as refused:
            if refused.code != "9200":
                raise
    raise AssertionError("encrypted for none of the test keys")


@cache
def schema(message_type: str) -> etree.XMLSchema:
    """The publisher's schema of an envelope, its imports pointed at the files beside it."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "extern").mkdir()
        for file in (*(OSCI / "schemas").glob("*.xsd"), *(OSCI / "schemas/extern").glob("*.xsd")):
            text = re.sub(r"<!DOCTYPE[^\[>]*(\[.*?\])?\s*>", "", file.read_text("utf-8"), flags=re.DOTALL)
            tree = etree.fromstring(text.encode())
            for node in tree.iter("{*}import", "{*}redefine", "{*}include"):
                place = node.get("schemaLocation") or ""
                if place.startswith("http"):
                    name = place.rpartition("/")[2] or "soap-envelope.xsd"
                    node.set("schemaLocation", str(folder / "extern" / name))
            (folder / file.relative_to(OSCI / "schemas")).write_bytes(etree.tostring(tree))
        return etree.XMLSchema(etree.parse(folder / f"soap{message_type}.xsd"))


def outline(node: etree._Element, depth: int = 0) -> Iterator[str]:
    """What a message is made of, line by line: elements and attributes in order, without what is new each time."""
    attributes = " ".join(f"{name}={_shape(str(value))}" for name, value in node.items())
    yield f"{'  ' * depth}{node.tag} {attributes}".rstrip()
    children = list(node.iterchildren("*"))
    if node.tag.endswith("}SignedInfo"):
        children.sort(key=lambda child: child.get("URI") or "")  # the library's order is that of a hash table
    for child in children:
        yield from outline(child, depth + 1)


def _shape(value: str) -> str:
    named = re.sub(r"_[0-9a-f]{64}$", "_HASH", value)
    return re.sub(r"(#?(encdata_|content|contentcontainer))\d+$", r"\1N", named)
