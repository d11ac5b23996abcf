"""When the worker looks through the Protokoll for what is due, and that it outlives what goes wrong there."""

import logging
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway import worker
from gateway.database import open_engine
from gateway.protokoll import Aufbewahrung, SqlProtokoll, create_schema
from gateway.protokoll.schluessel import create_protokollschluessel, load_protokollschluessel
from tests.protokoll.eintraege import NAME, eintrag


def test_it_is_looked_through_at_once_every_hour_and_at_the_turn_of_a_month() -> None:
    """What was stored in December must be gone by the end of the next one."""
    termine = worker.Terminplan()
    now = datetime(2027, 12, 31, 22, 40, tzinfo=UTC)
    assert termine.due(now)
    assert not termine.due(now + timedelta(minutes=19))
    assert termine.due(now + timedelta(minutes=20, seconds=1)), "midnight in Germany"
    assert not termine.due(now + timedelta(minutes=79))
    assert termine.due(now + timedelta(minutes=81))
    assert termine.due(now), "a clock that was put back"


def test_what_is_due_goes_with_a_line_in_the_log_and_what_fails_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    create_protokollschluessel(tmp_path / "key")
    schluessel = load_protokollschluessel(tmp_path / "key")
    engine = open_engine(f"sqlite:///{tmp_path / 'p.sqlite'}")
    create_schema(engine, schluessel)
    moments = [datetime(2026, 3, 1, tzinfo=UTC) + number * timedelta(days=30) for number in range(14)]
    for moment in moments:
        with closing(SqlProtokoll(engine, schluessel, uhr=lambda moment=moment: moment)) as protokoll:
            protokoll.record(eintrag())
    aufbewahrung = Aufbewahrung(engine, schluessel)
    worker.bewahre_auf(aufbewahrung, datetime(2029, 1, 1, tzinfo=UTC))
    assert "was not deleted: nothing has been recorded for 31 days" in caplog.text
    worker.bewahre_auf(aufbewahrung, datetime(2027, 4, 3, tzinfo=UTC))
    assert "deleted: records=2 months=202603 delivered=0" in caplog.text
    engine.dispose()
    (tmp_path / "p.sqlite").write_bytes(b"broken")
    worker.bewahre_auf(aufbewahrung, datetime(2027, 4, 3, tzinfo=UTC))
    assert "was not deleted: the Protokoll cannot be read" in caplog.text
    assert NAME not in caplog.text
    engine.dispose()
