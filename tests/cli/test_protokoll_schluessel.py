"""`protokoll key|seal`: what is wrong is one line, and every change is on record."""

import json
from pathlib import Path

import pytest

from gateway.bootstrap import Instance
from gateway.errors import StoreError
from gateway.protokoll import Einsicht, umhuellung
from gateway.protokoll.siegelwechsel import wechsle
from tests.cli.conftest import Become, Run


def codes(own: Path) -> list[tuple[str, ...]]:
    """Of all records, oldest first."""
    with Instance.read(own) as here:
        return [zeile.codes for zeile in reversed(Einsicht(here.protokoll(readonly=True)).entries(100))]


def keys(own: Path) -> list[str]:
    return [key["id"] for key in json.loads((own / "schluessel" / "protokoll.key").read_text())["schluessel"]]


def test_a_wrapping_key_changes_step_by_step_and_each_step_is_on_record(own: Path, run: Run, become: Become) -> None:
    become("anna")
    (alt,) = keys(own)
    assert f"the key {alt} is in use" in run("protokoll", "key", "remove", alt, "-i", own).error
    assert "has no key 00000000" in run("protokoll", "key", "remove", "00000000", "-i", own).error
    neu = run("protokoll", "key", "add", "-i", own).out.split()[2]
    assert f"the key {neu} waits in" in run("protokoll", "key", "add", "-i", own).error
    done = run("protokoll", "key", "rewrap", "-i", own)
    assert done.out.splitlines() == [
        f"wrapped anew with {neu}: keys of months: 1",
        f"the key {alt} can go once every other machine has this file: protokoll key remove {alt}",
    ]
    table = run("protokoll", "key", "list", "-i", own).out
    assert [row.split()[1:4:2] for row in table.splitlines() if row.startswith("│")] == [[alt, "opens"], [neu, "in"]]
    again = run("protokoll", "key", "rewrap", "-i", own)
    assert f"wrapped anew with {neu}: nothing" in again.out
    assert f"the key {alt} is out of" in run("protokoll", "key", "remove", alt, "-i", own).out
    assert keys(own) == [neu]
    steps = [("neu", neu), ("einsetzen", neu), ("einsetzen", neu), ("entfernen", alt)]
    assert codes(own) == [("schluessel", *step) for step in steps]
    with Instance.read(own) as here:
        einsicht = Einsicht(here.protokoll(readonly=True))
        inhalt = einsicht.read(einsicht.entries(1)[0].stelle, here.protokollschluessel)
    assert inhalt == {"durch": "cli:anna", "was": "schluessel", "wie": "entfernen", "schluessel": alt}
    assert "intact: 4 records" in run("protokoll", "verify", "-i", own).out


def test_the_key_of_the_seal_changes_and_a_change_that_was_broken_off_is_ended(own: Path, run: Run) -> None:
    assert "no new key of the seal waits" in run("protokoll", "seal", "change", "-i", own).error
    neu = run("protokoll", "seal", "add", "-i", own).out.split()[2]
    assert f"the key {neu} of the seal waits in" in run("protokoll", "seal", "add", "-i", own).error
    waiting = run("protokoll", "seal", "list", "-i", own).out
    assert [row.split()[3] for row in waiting.splitlines() if row.startswith("│")] == ["the", "waits"]
    with Instance.read(own) as here:  # killed before the key file was changed
        wechsle(here.protokoll(), here.protokollschluessel, Einsicht(here.protokoll()).entries(1)[0].gespeichert)
    assert f"{neu} seals from now on" in run("protokoll", "seal", "change", "-i", own).out
    assert "siegel_neu" not in (own / "schluessel" / "protokoll.key").read_text()
    assert codes(own) == [("siegel", "neu", neu), ("siegel", "wechsel", neu)]
    table = run("protokoll", "seal", "list", "-i", own).out.splitlines()
    assert neu in [row for row in table if row.startswith("│")][1]
    assert "intact: 2 records" in run("protokoll", "verify", "-i", own).out


@pytest.mark.parametrize("words", [("key", "add"), ("key", "rewrap"), ("seal", "add"), ("seal", "change")])
def test_two_do_not_change_keys_at_once(own: Path, run: Run, words: tuple[str, str]) -> None:
    before = (own / "schluessel" / "protokoll.key").read_bytes()
    with Instance.read(own) as here, umhuellung.allein(here.protokoll()):
        assert "another one is changing keys just now" in run("protokoll", *words, "-i", own).error
    assert (own / "schluessel" / "protokoll.key").read_bytes() == before
    assert codes(own) == []


def test_a_key_file_that_cannot_be_replaced_stays_and_is_named(
    own: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = (own / "schluessel" / "protokoll.key").read_bytes()
    monkeypatch.setattr("os.fsync", full)
    assert "protokoll.key cannot be written: No space left" in run("protokoll", "key", "add", "-i", own).error
    assert (own / "schluessel" / "protokoll.key").read_bytes() == before
    assert not list((own / "schluessel").glob(".*"))


@pytest.mark.parametrize("kind", ["key", "seal"])
def test_a_new_key_that_cannot_be_put_on_record_is_not_made(
    own: Path, run: Run, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("the Protokoll could not be written")

    before = (own / "schluessel" / "protokoll.key").read_bytes()
    monkeypatch.setattr("gateway.protokoll.SqlProtokoll.record", refuse)
    assert "could not be written" in run("protokoll", kind, "add", "-i", own).error
    assert (own / "schluessel" / "protokoll.key").read_bytes() == before
