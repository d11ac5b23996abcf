"""Code lists as their publishers give them out (OASIS genericode 1.0), read at run time."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from gateway.envelope.parse import Limits, parse
from gateway.errors import ConfigError, Fault

LIMITS = Limits(max_bytes=16 << 20, max_tags=1_000_000, max_namespaces=100)


@dataclass(frozen=True)
class Codeliste:
    """`zeilen` hold the columns asked for, "" where a row has no value. `version` is the list's own."""

    version: str
    zeilen: Sequence[tuple[str, ...]]


def read_genericode(path: Path, uri: str, *spalten: str) -> Codeliste:
    """The code list `uri` from its file. Raises ConfigError when it is not that list."""
    try:
        return parse_genericode(path.read_bytes(), str(path), uri, *spalten)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None


def parse_genericode(data: bytes, where: str, uri: str, *spalten: str) -> Codeliste:
    """The code list `uri`; `where` it came from is for errors. Raises ConfigError when it is not that list."""
    try:
        root = parse(data, LIMITS)
    except Fault as fault:
        raise ConfigError(f"{where} is not a code list: {fault}") from None
    if root.findtext("Identification/CanonicalUri") != uri:
        raise ConfigError(f"{where} is not the code list {uri}")
    zeilen = [tuple(_value(row, spalte) for spalte in spalten) for row in root.iterfind("SimpleCodeList/Row")]
    return Codeliste(root.findtext("Identification/Version") or "?", zeilen)


def _value(row: etree._Element, spalte: str) -> str:
    return (row.findtext(f"Value[@ColumnRef='{spalte}']/SimpleValue") or "").strip()
