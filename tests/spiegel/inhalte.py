"""What a person's record holds: its texts and addresses wherever they stand, and tests on it to choose persons by."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gateway.spiegel.muster import Record


def texts(value: Any) -> Iterator[str]:
    """Every text inside, values and not keys."""
    if isinstance(value, Mapping):
        value = value.values()
    if isinstance(value, str):
        yield value
    elif not isinstance(value, bool):
        for inner in value:
            yield from texts(inner)


def addresses(value: Any) -> Iterator[Record]:
    """Every address in Germany inside, also those of relatives."""
    if isinstance(value, Mapping):
        if "inland" in value:
            yield value["inland"]
        value = value.values()
    if not isinstance(value, (str, bool)):
        for inner in value:
            yield from addresses(inner)


def vornamen(record: Record) -> list[str]:
    return str(record["vornamen"]).split()


def has(*fields: str) -> Callable[[Record], bool]:
    return lambda record: any(field in record for field in fields)


def blocks(*codes: str) -> Callable[[Record], bool]:
    return lambda record: any(sperre["grund"] in codes for sperre in record.get("auskunftssperren", ()))


def own(test: Callable[[Record], bool]) -> Callable[[Record], bool]:
    """Of the person's own addresses in Germany."""
    return lambda record: any(test(inland) for inland in addresses(record["wohnungen"]))


def born(pattern: str) -> Callable[[Record], bool]:
    return lambda record: record["geburtsdatum"].endswith(pattern)
