"""Anchors are written by themselves, as often as wanted, and all of a folder are held against the Protokoll."""

import logging
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from gateway import worker
from gateway.behoerden import stamm
from gateway.bootstrap import Instance, build_ankerablage
from gateway.errors import ConfigError
from gateway.protokoll import SqlProtokoll, siegelfolge, verify
from gateway.protokoll.anker import read_anker
from gateway.protokoll.ankerablage import Ankerablage, neuester
from gateway.protokoll.schluessel import Protokollschluessel
from tests.betrieb import AMT, betrieb
from tests.cli.conftest import Run, run
from tests.gateways import set_key
from tests.protokoll.eintraege import eintrag, sql

__all__ = ["run"]

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def ordner(tmp_path: Path) -> Path:
    (folder := tmp_path / "anker").mkdir()
    return folder


@pytest.fixture
def ablage(leser: Engine, schluessel: Protokollschluessel, ordner: Path, protokoll: SqlProtokoll) -> Ankerablage:
    protokoll.record(eintrag())
    return Ankerablage(leser, schluessel, ordner, DAY, lambda: (7, "ab" * 32))


def test_one_is_written_when_the_newest_is_old_enough_and_holds_what_is_there(
    ablage: Ankerablage, ordner: Path, leser: Engine, schluessel: Protokollschluessel
) -> None:
    first = ablage.schreibe(NOW)
    assert first == ordner / "anker-2026-05-04T030201Z.json"
    assert ablage.schreibe(NOW + DAY - timedelta(seconds=1)) is None
    assert ablage.schreibe(NOW + DAY)
    assert neuester(ordner, NOW + 2 * DAY) == NOW + DAY
    folge = siegelfolge.read(leser, schluessel)
    seen = [read_anker(path, folge) for path in sorted(ordner.iterdir())]
    assert [one.aenderungen for one in seen] == [(7, "ab" * 32)] * 2
    assert verify(leser, schluessel, anker=seen).intact


def test_another_process_goes_on_where_one_has_ended_and_a_clock_that_was_ahead_stops_nothing(
    ablage: Ankerablage, ordner: Path, leser: Engine, schluessel: Protokollschluessel
) -> None:
    again = Ankerablage(leser, schluessel, ordner, DAY, lambda: (0, ""))
    ablage.schreibe(NOW)
    assert again.schreibe(NOW + DAY / 2) is None
    assert ablage.schreibe(NOW + 300 * DAY)
    assert again.schreibe(NOW + DAY)
    for path in ordner.iterdir():
        path.unlink()
    assert again.schreibe(NOW + DAY * 1.5) is None, "whoever takes them away does not get one with every round"


def test_what_cannot_be_written_is_told_and_tried_again(
    ablage: Ankerablage, ordner: Path, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    ordner.rename(ordner.with_name("away"))
    worker.verankere(ablage, NOW)
    assert "no anchor was written" in caplog.text
    ordner.with_name("away").rename(ordner)
    sql(engine, "UPDATE protokoll_kopf SET nummer = 9")
    worker.verankere(ablage, NOW)
    assert "run protokoll verify" in caplog.text
    assert list(ordner.iterdir()) == []
    sql(engine, "UPDATE protokoll_kopf SET nummer = 1")
    with caplog.at_level(logging.INFO):
        worker.verankere(ablage, NOW)
    assert "anchor written: anker-2026-05-04T030201Z.json" in caplog.text


def test_a_folder_of_anchors_shows_what_was_changed_in_the_register_of_authorities(tmp_path: Path, run: Run) -> None:
    house = betrieb(tmp_path / "instance")
    here, folder = house.here, tmp_path / "instance/anker"
    assert build_ankerablage(here) is None
    set_key(here.path, 'ordner = "" ', 'ordner = "anker" ')
    with Instance.read(here.path) as wrong, pytest.raises(ConfigError, match="no folder that can be written to"):
        build_ankerablage(wrong)
    folder.mkdir()
    assert run("protokoll", "verify", "--anchor", folder, "-i", here.path).error == f"{folder} has no anchors"
    stamm.sperre(here.verwaltung("cli:anna"), AMT, gesperrt=True)
    with Instance.read(here.path) as now, closing(house.gateway.protokoll):
        assert (ablage := build_ankerablage(now)) is not None
        assert ablage.schreibe(NOW)
    assert run("protokoll", "verify", "--anchor", folder, "-i", here.path).code == 0
    sql(here.behoerden(), "DELETE FROM behoerde_aenderung WHERE was = 'sperren'", "UPDATE behoerde SET gesperrt = 0")
    assert run("behoerde", "verlauf", "-i", here.path).code == 0, "whole, and nothing shows of it"
    done = run("protokoll", "verify", "--anchor", folder, "-i", here.path)
    assert (done.code, "the record of changes is another: the anchor of 2026-05-04" in done.out) == (1, True)
    here.close()
