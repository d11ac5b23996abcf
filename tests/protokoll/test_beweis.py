"""The evidence of a period convinces somebody who has nothing but the file, a small script and `cryptography`."""

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Engine

from gateway.protokoll import SqlProtokoll, create_schema
from gateway.protokoll import aufbewahrung as modul
from gateway.protokoll.aufbewahrung import Aufbewahrung
from gateway.protokoll.beweis import export
from gateway.protokoll.halten import Halteliste
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.stelle import Stelle
from tests.databases import module_database_url, opened
from tests.protokoll.eintraege import NAME, POLIZEI, eintrag

__all__ = ["module_database_url"]

SKRIPT = Path(modul.__file__).parent / "pruefskript" / "pruefe_protokoll.py"
BEGINN = datetime(2026, 5, 1, 8, tzinfo=UTC)

Zeile = dict[str, Any]


class Urteil(NamedTuple):
    rc: int
    zeilen: list[str]

    @property
    def befunde(self) -> set[str]:
        """Each as its kind and place."""
        return {zeile.partition(":")[0] for zeile in self.zeilen[:-1]}


def pruefe(path: Path, zeilen: list[Zeile] | str, *arguments: str) -> Urteil:
    text = zeilen if isinstance(zeilen, str) else "".join(json.dumps(zeile) + "\n" for zeile in zeilen)
    path.write_text(text, encoding="utf-8")
    command = [sys.executable, "-I", "-X", "utf8", str(SKRIPT), str(path), *arguments]
    done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return Urteil(done.returncode, done.stdout.splitlines())


@pytest.fixture(scope="module")
def bestand(module_database_url: str, schluessel: Protokollschluessel) -> Iterator[Engine]:
    """Chains 1 and 2 in turns, an entry each hour for sixty days, sealed at every third; chain 3 begins behind that."""
    zeit = [BEGINN]
    with pytest.MonkeyPatch.context() as patch, opened(module_database_url) as engine:
        create_schema(engine, schluessel)
        patch.setattr("gateway.protokoll.schreiber.SIEGEL_ABSTAND", 3600.0)
        with (
            closing(SqlProtokoll(engine, schluessel, uhr=lambda: zeit[0])) as one,
            closing(SqlProtokoll(engine, schluessel, uhr=lambda: zeit[0])) as two,
        ):
            for number in range(60):
                for each in (one, two):
                    if number % 3 == 2:
                        _due(each)
                    each.record(eintrag(mandant=POLIZEI if number % 10 == 1 else ""))
                zeit[0] += timedelta(days=1)
        with closing(SqlProtokoll(engine, schluessel, uhr=lambda: zeit[0])) as three:
            three.record(eintrag())
        yield engine


def _due(protokoll: SqlProtokoll) -> None:
    """The next entry is sealed."""
    schreiber: Any = protokoll._schreiber
    if schreiber._kette is not None:
        schreiber._kette = type(schreiber._kette)(**{**vars(schreiber._kette), "siegel_faellig": 0.0})


def beweis(
    engine: Engine, schluessel: Protokollschluessel, von: int = 10, bis: int = 20, mandant: str | None = None
) -> list[Zeile]:
    """Of these days."""
    out = io.StringIO()
    export(engine, schluessel, BEGINN + timedelta(days=von), BEGINN + timedelta(days=bis), out, mandant=mandant)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def nummern(zeilen: list[Zeile], kette: int) -> list[int]:
    return [zeile["nummer"] for zeile in zeilen if zeile["art"] == "eintrag" and zeile["kette"] == kette]


@pytest.mark.parametrize(("von", "bis"), [(10, 20), (0, 99), (11, 12), (12, 12), (-9, -5), (58, 61), (70, 80)])
def test_the_evidence_of_any_period_is_complete_and_unchanged(
    bestand: Engine, schluessel: Protokollschluessel, tmp_path: Path, von: int, bis: int
) -> None:
    urteil = pruefe(tmp_path / "b", beweis(bestand, schluessel, von, bis), "--schluessel", schluessel.stand.siegel.id)
    assert (urteil.rc, urteil.zeilen[:-1]) == (0, [])
    assert urteil.zeilen[-1].startswith("vollständig und unverändert: ")


def test_a_period_is_given_from_the_seal_before_to_the_seal_behind_it_without_persons(
    bestand: Engine, schluessel: Protokollschluessel
) -> None:
    zeilen = beweis(bestand, schluessel)
    assert nummern(zeilen, 1) == nummern(zeilen, 2) == list(range(9, 22))
    assert nummern(zeilen, 3) == []
    text = json.dumps(zeilen, ensure_ascii=False)
    assert not any(word in text for word in (NAME, "verschluesselt", "inhaltsschluessel"))


def _of(zeilen: list[Zeile], kette: int, nummer: int) -> Zeile:
    return next(zeile for zeile in zeilen if (zeile.get("kette"), zeile.get("nummer")) == (kette, nummer))


def change(zeilen: list[Zeile]) -> None:
    _of(zeilen, 1, 13)["treffer"] = 7


def remove(zeilen: list[Zeile]) -> None:
    zeilen.remove(_of(zeilen, 1, 13))


def remove_the_end(zeilen: list[Zeile]) -> None:
    for nummer in range(18, 22):
        zeilen.remove(_of(zeilen, 1, nummer))


def remove_the_beginning(zeilen: list[Zeile]) -> None:
    for nummer in range(9, 13):
        zeilen.remove(_of(zeilen, 1, nummer))


def remove_a_chains_entries(zeilen: list[Zeile]) -> None:
    zeilen[:] = [zeile for zeile in zeilen if zeile.get("kette") != 2]


def remove_a_chain(zeilen: list[Zeile]) -> None:
    remove_a_chains_entries(zeilen)
    zeilen[:] = [zeile for zeile in zeilen if (zeile["art"], zeile.get("nr")) != ("kette", 2)]


def remove_the_last_chain(zeilen: list[Zeile]) -> None:
    zeilen[:] = [zeile for zeile in zeilen if (zeile["art"], zeile.get("nr")) != ("kette", 3)]


def insert(zeilen: list[Zeile]) -> None:
    zeilen.append({**_of(zeilen, 1, 13), "kette": 9})


def fork(zeilen: list[Zeile]) -> None:
    zeilen.insert(zeilen.index(_of(zeilen, 1, 14)), dict(_of(zeilen, 1, 13)))


def swap(zeilen: list[Zeile]) -> None:
    one, two = _of(zeilen, 1, 13), _of(zeilen, 1, 14)
    one["inhalt"], two["inhalt"] = two["inhalt"], one["inhalt"]
    one["anspruch"], two["anspruch"] = two["anspruch"], one["anspruch"]


def forge_a_seal(zeilen: list[Zeile]) -> None:
    _of(zeilen, 1, 15)["siegel"] = _of(zeilen, 1, 18)["siegel"]


def forge_the_head(zeilen: list[Zeile]) -> None:
    kette = next(zeile for zeile in zeilen if zeile["art"] == "kette")
    kette["nummer"] = 21


def begin_earlier(zeilen: list[Zeile]) -> None:
    next(zeile for zeile in zeilen if zeile["art"] == "kette")["begonnen"] -= 1


@pytest.mark.parametrize(
    ("tamper", "befunde"),
    [
        (change, {"GEÄNDERT 1/13"}),
        (remove, {"FEHLT 1/13-13"}),
        (remove_the_end, {"FEHLT 1/18-60"}),
        (remove_the_beginning, {"FEHLT 1/12"}),
        (remove_a_chains_entries, {"FEHLT 2/1-60"}),
        (remove_a_chain, {"FEHLT Kette 2", "GEÄNDERT Kette 3"}),
        (remove_the_last_chain, {"FEHLT Kette 3", "GEÄNDERT Verzeichnis"}),
        (insert, {"EINGEFÜGT 9/13"}),
        (fork, {"GEGABELT 1/13"}),
        (swap, {"GEÄNDERT 1/13", "GEÄNDERT 1/14"}),
        (forge_a_seal, {"SIEGEL 1/15"}),
        (forge_the_head, {"SIEGEL Kette 1"}),
        (begin_earlier, {"GEÄNDERT Kette 1"}),
    ],
)
def test_what_was_done_to_the_evidence_is_named(
    bestand: Engine,
    schluessel: Protokollschluessel,
    tmp_path: Path,
    tamper: Callable[[list[Zeile]], None],
    befunde: set[str],
) -> None:
    zeilen = beweis(bestand, schluessel)
    tamper(zeilen)
    urteil = pruefe(tmp_path / "b", zeilen)
    assert (urteil.rc, urteil.befunde) == (1, befunde)


def test_a_seal_of_another_key_is_told_by_its_kennung(
    bestand: Engine, schluessel: Protokollschluessel, tmp_path: Path
) -> None:
    urteil = pruefe(tmp_path / "b", beweis(bestand, schluessel), "--schluessel", "0" * 16)
    assert (urteil.rc, urteil.befunde) == (1, {"SIEGEL Schlüssel"})


@pytest.mark.parametrize("text", ["", "{}\n", "x\n", "[]\n", '{"art": "beweis", "format": "xmeld-gateway-beweis-1"}\n'])
def test_what_is_no_evidence_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    assert pruefe(tmp_path / "b", text) == Urteil(2, [])


def test_contents_are_given_to_the_entitled_with_a_key_that_opens_each_alone(
    bestand: Engine, schluessel: Protokollschluessel, tmp_path: Path
) -> None:
    zeilen = beweis(bestand, schluessel, mandant=POLIZEI)
    with_content = [zeile for zeile in zeilen if "verschluesselt" in zeile]
    assert [zeile["nummer"] for zeile in with_content] == [12, 12]
    assert len({zeile["inhaltsschluessel"] for zeile in with_content}) == 2
    urteil = pruefe(tmp_path / "b", zeilen, "--inhalte")
    assert (urteil.rc, sum(NAME in zeile for zeile in urteil.zeilen)) == (0, 2)
    with_content[0]["inhaltsschluessel"] = with_content[1]["inhaltsschluessel"]
    assert pruefe(tmp_path / "b", zeilen, "--inhalte").rc == 1


def test_what_was_deleted_by_record_is_no_gap_and_without_the_record_it_is(
    bestand: Engine, schluessel: Protokollschluessel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(modul, "ATEMPAUSE", 0)
    Halteliste(bestand, schluessel).halte(Stelle(1, 13), "Verfahren", BEGINN)
    Aufbewahrung(bestand, schluessel).loesche(datetime(2027, 6, 1, tzinfo=UTC), uhr_stimmt=True)
    for von, bis in ((-5, 99), (10, 20), (25, 40), (35, 40)):
        zeilen = beweis(bestand, schluessel, von, bis)
        assert pruefe(tmp_path / "b", zeilen).zeilen[:-1] == []
    zeilen = beweis(bestand, schluessel, -5, 99)
    assert nummern(zeilen, 1) == [13, *range(32, 61)]
    ohne = [zeile for zeile in zeilen if zeile["art"] != "loeschung"]
    assert pruefe(tmp_path / "b", ohne).befunde == {"FEHLT 1/12", "FEHLT 1/14-31", "FEHLT 2/31"}
    next(zeile for zeile in zeilen if zeile["art"] == "loeschung")["anzahl"] -= 1
    assert "SIEGEL Löschung 1" in pruefe(tmp_path / "b", zeilen).befunde
