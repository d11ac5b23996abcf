"""The JSON log: a documented shape, and never the text of somebody else's exception."""

import json
import logging
import sys

from gateway.log import FIELDS, JsonFormatter, logging_config, of_exchange


def line(message: str, *args: object, error: bool = False, **fields: object) -> dict[str, object]:
    record = logging.LogRecord(
        "gateway.x", logging.ERROR, __file__, 1, message, args, sys.exc_info() if error else None
    )
    if fields:
        setattr(record, FIELDS, lambda: fields)
    written = JsonFormatter().format(record)
    assert "\n" not in written
    return dict(json.loads(written))


def test_a_line_has_the_fields_that_are_documented() -> None:
    found = line("a %s\nb", "c")
    assert list(found) == ["time", "level", "logger", "process", "message"]
    assert found["message"] == "a c\nb"


def test_lines_inside_an_exchange_have_its_id_and_those_outside_have_none() -> None:
    with of_exchange("0123456789abcdef"):
        assert line("a")["exchange"] == "0123456789abcdef"
    assert "exchange" not in line("a")


def test_of_an_exception_type_and_place_are_told_and_not_its_text() -> None:
    try:
        raise ValueError("Geheimrath")
    except ValueError:
        found = line("failed", error=True)
    assert "Geheimrath" not in json.dumps(found)
    assert found["error"]["type"] == "ValueError"  # type: ignore[index]


def test_fields_stand_beside_the_message() -> None:
    assert line("a", event="exchange", ms=1.5)["ms"] == 1.5


def test_text_stays_as_it_was() -> None:
    assert logging_config("text")["formatters"]["line"] == {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}
