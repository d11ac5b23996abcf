"""What is logged, as text or as one JSON object a line. docs/betrieb.md describes the fields."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal

from gateway.errors import place_of

#: Attribute of a record: a function that gives the fields of its JSON line, whose message says the same in words.
FIELDS = "fields"

_exchange: ContextVar[str] = ContextVar("exchange", default="")


@contextmanager
def of_exchange(vorgang: str) -> Iterator[None]:
    """Every line that is logged inside, in this thread, is marked with the exchange's id."""
    token = _exchange.set(vorgang)
    try:
        yield
    finally:
        _exchange.reset(token)


class JsonFormatter(logging.Formatter):
    """One object a line. Of an exception type and place only: its text may hold personal data."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
        }
        if exchange := _exchange.get():
            line["exchange"] = exchange
        line |= getattr(record, FIELDS, dict)()
        if record.exc_info and isinstance(record.exc_info[1], Exception):
            error = record.exc_info[1]
            line["error"] = {"type": type(error).__name__, "place": place_of(error)}
        return json.dumps(line, ensure_ascii=False)


def logging_config(kind: Literal["text", "json"]) -> dict[str, Any]:
    """For `logging.config.dictConfig`: everything from INFO up to stderr."""
    formatter: dict[str, Any] = {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}
    if kind == "json":
        formatter = {"()": JsonFormatter}
    handler = {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stderr"}
    return {
        "formatters": {"line": formatter},
        "handlers": {"console": handler, "access": handler},
        "root": {"handlers": ["console"], "level": "INFO"},
    }
