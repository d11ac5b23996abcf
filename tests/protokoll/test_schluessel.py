"""Key files: made once, for their owner alone, and refused with a clear line when they are not as they should be."""

import base64
import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine

from gateway.errors import ConfigError, StoreError
from gateway.protokoll import Einsicht, Kind, SqlProtokoll, Stelle, verify
from gateway.protokoll.schluessel import (
    create_merkmalschluessel,
    create_protokollschluessel,
    load_merkmalschluessel,
    load_protokollschluessel,
)
from tests.protokoll.eintraege import INHALT, eintrag

WAYS = [(create_protokollschluessel, load_protokollschluessel), (create_merkmalschluessel, load_merkmalschluessel)]


@pytest.mark.parametrize(("create", "load"), WAYS)
def test_a_key_file_is_for_its_owner_alone_and_never_overwritten(
    tmp_path: Path, create: Callable[[Path], None], load: Callable[[Path], object]
) -> None:
    path = tmp_path / "schluessel" / "a.key"
    create(path)
    load(path)
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="never overwritten"):
        create(path)
    assert path.read_bytes() == before


def test_two_key_files_have_different_keys(tmp_path: Path) -> None:
    for name in "ab":
        create_merkmalschluessel(tmp_path / name)
    assert load_merkmalschluessel(tmp_path / "a") != load_merkmalschluessel(tmp_path / "b")


def test_a_key_file_of_one_purpose_does_not_serve_the_other(tmp_path: Path) -> None:
    create_merkmalschluessel(tmp_path / "a")
    with pytest.raises(ConfigError, match="wrong key file: its zweck is not protokoll"):
        load_protokollschluessel(tmp_path / "a")


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"protokoll\.key is missing"):
        load_protokollschluessel(tmp_path / "protokoll.key")


def test_a_key_file_open_to_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    create_protokollschluessel(path)
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="open to other users: chmod 600"):
        load_protokollschluessel(path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        create_protokollschluessel(tmp_path / "file" / "a.key")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_protokollschluessel(tmp_path / "file" / "a.key")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"format": "other"}, "format is not"),
        ({"schluessel": []}, "not a list of keys"),
        ({"schluessel": "abc"}, "not a list of keys"),
        ({"schluessel": [{"id": "00000001"}]}, "key 1"),
        ({"schluessel": [{"id": "xyz", "aes256": ""}]}, "key 1"),
        ({"schluessel": [{"id": "00000001", "aes256": base64.b64encode(b"short").decode()}]}, "key 1"),
        ({"schluessel": [{"id": "00000001", "aes256": base64.b64encode(b"k" * 32).decode()}] * 2}, "key 2"),
        ({"schluessel": [7]}, "key 1"),
        ({"siegel": "-----BEGIN PRIVATE KEY-----"}, "siegel is not an Ed25519 private key"),
        ({"siegel": None}, "siegel is not an Ed25519 private key"),
    ],
)
def test_a_malformed_key_file_is_refused_with_the_place(
    tmp_path: Path, schluessel_datei: Path, change: dict[str, object], reason: str
) -> None:
    path = tmp_path / "a.key"
    path.write_text(json.dumps({**json.loads(schluessel_datei.read_text()), **change}))
    path.chmod(0o600)
    with pytest.raises(ConfigError, match=reason) as refusal:
        load_protokollschluessel(path)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b"{", b"7"])
def test_a_key_file_that_is_no_key_file_is_malformed(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="is malformed"):
        load_protokollschluessel(path)


def test_with_a_newer_key_old_contents_are_still_read_and_without_the_old_one_they_are_not(
    tmp_path: Path, engine: Engine, leser: Engine, schluessel_datei: Path
) -> None:
    document = json.loads(schluessel_datei.read_text())
    newer = {"id": "ffffffff", "aes256": base64.b64encode(b"k" * 32).decode()}
    rotated = tmp_path / "rotated.key"
    rotated.write_text(json.dumps({**document, "schluessel": [*document["schluessel"], newer]}))
    forgotten = tmp_path / "forgotten.key"
    forgotten.write_text(json.dumps({**document, "schluessel": [newer]}))
    for path in (rotated, forgotten):
        path.chmod(0o600)
    for path, monat in ((schluessel_datei, 5), (rotated, 6)):
        uhr = partial(datetime, 2026, monat, 1, tzinfo=UTC)
        with closing(SqlProtokoll(engine, load_protokollschluessel(path), uhr=uhr)) as protokoll:
            protokoll.record(eintrag())
    both, new = load_protokollschluessel(rotated), load_protokollschluessel(forgotten)
    assert [Einsicht(leser).read(Stelle(kette, 1), both) for kette in (1, 2)] == [INHALT, INHALT]
    assert Einsicht(leser).read(Stelle(2, 1), new) == INHALT
    with pytest.raises(StoreError, match=r"the key that wraps the key 202605-[0-9a-f]{8} is not in"):
        Einsicht(leser).read(Stelle(1, 1), new)
    assert verify(leser, both).intact
    (finding,) = verify(leser, new).findings
    assert (finding.kind, finding.place[:11]) == (Kind.MISSING, "key 202605-")


@pytest.mark.parametrize("text", ["", "1", "1/", "/1", "1/x", "1/2/3", "-1/2", "1/²"])
def test_an_entry_is_named_by_chain_and_number_and_nothing_else(text: str) -> None:
    assert str(Stelle.parse("3/1207")) == "3/1207"
    with pytest.raises(ValueError, match="as in 3/1207"):
        Stelle.parse(text)
