"""What is delivered: reads a message's header, and looks into a 1322 as the Meldebehörde that treats it must."""

import re
from base64 import b64decode
from dataclasses import dataclass

from lxml import etree

from osci_stub.schema import Schema
from osci_stub.xmeld import IDENTIFIKATION, NS, XMELD
from osci_stub.xml import XmlRefused, parse

AUSSTEUERUNG = "1322"
ELEMENT = f"{{{XMELD}}}datenabrufe.aussteuerung.suchanfrage.{AUSSTEUERUNG}"
AUSGESTEUERT = ("1330", "1332", "0600", "0602")  # the standard's text on nachrichtenart

_UUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class NotTaken(ValueError):
    """The postbox refuses the message; the text names the rule, never a value."""


@dataclass(frozen=True)
class Zustellung:
    """`inhalt` are the bytes as they came, `leser` is the reader's kennung, empty where the message names none."""

    uuid: str
    typ: str
    leser: str
    inhalt: bytes

    @property
    def schluessel(self) -> str:
        """The UUID in the one form in which equal ones are equal, on every file system."""
        return self.uuid.lower()


def read(nachricht: bytes) -> Zustellung:
    """The message in `nachricht`, of any standard with that header. Raises NotTaken or XmlRefused."""
    return _read(parse(nachricht), nachricht)


def check(nachricht: bytes, schema: Schema | None) -> Zustellung:
    """`read` for what has just come: a 1322 must also be valid and hold what it says. Raises NotTaken or XmlRefused."""
    root = parse(nachricht)
    zustellung = _read(root, nachricht)
    of_xmeld = etree.QName(root).namespace == XMELD
    if of_xmeld and AUSSTEUERUNG in (zustellung.typ, _number(root)):
        _check_aussteuerung(root, zustellung.typ, schema)
    return zustellung


def _read(root: etree._Element, nachricht: bytes) -> Zustellung:
    uuid, typ = (_text(root, f"{IDENTIFIKATION}/{path}") for path in ("nachrichtenUUID", "nachrichtentyp/code"))
    if not _UUID.fullmatch(uuid):
        raise NotTaken("nachrichtenUUID is not a UUID")  # it names a file
    leser = (root.findtext("nachrichtenkopf.g2g/leser/kennung") or "").strip()
    return Zustellung(uuid, typ, leser, nachricht)


def _check_aussteuerung(root: etree._Element, typ: str, schema: Schema | None) -> None:
    if root.tag != ELEMENT or typ != AUSSTEUERUNG:
        raise NotTaken("element and nachrichtentyp do not both say 1322")
    complaint = schema.complaint(root) if schema else None
    if complaint:
        raise NotTaken(complaint)
    art = _text(root, "x:nachrichtenart/code")
    if art not in AUSGESTEUERT:
        raise NotTaken("nachrichtenart must be one of " + ", ".join(AUSGESTEUERT))
    if _numbers(_text(root, "x:nachricht")) != {art}:
        raise NotTaken("nachricht is not a message of the number in nachrichtenart")


def _numbers(base64: str) -> set[str]:
    """What the message says that it is: by its element's name, and by its header where it has one."""
    try:
        root = parse(b64decode("".join(base64.split()), validate=True))
    except XmlRefused as error:
        raise NotTaken(f"nachricht: {error}") from None
    except ValueError:
        raise NotTaken("nachricht is not base64") from None
    codes = root.iterfind(f"{IDENTIFIKATION}/nachrichtentyp/code")
    return {_number(root), *((code.text or "").strip() for code in codes)}


def _number(root: etree._Element) -> str:
    return etree.QName(root).localname.rpartition(".")[2]


def _text(root: etree._Element, path: str) -> str:
    value = (root.findtext(path, None, NS) or "").strip()
    if not value:
        raise NotTaken(f"{path.replace('x:', '')} is missing")
    return value
