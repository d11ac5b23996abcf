"""The changelog, the package and the migrations tell one story of releases."""

import json
import re
from pathlib import Path

from gateway import __version__

ROOT = Path(__file__).parents[2]
RELEASES = re.findall(r"(?m)^## (\d+\.\d+\.\d+)( – unreleased)?$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))


def test_the_newest_entry_of_the_changelog_is_this_release() -> None:
    assert RELEASES[0][0] == __version__


def test_only_the_newest_release_may_be_unreleased() -> None:
    assert all(not unreleased for _, unreleased in RELEASES[1:])
    numbers = [tuple(map(int, number.split("."))) for number, _ in RELEASES]
    assert numbers == sorted(set(numbers), reverse=True)


def test_a_release_whose_databases_are_upgraded_is_an_earlier_one() -> None:
    for file in (ROOT / "tests/migration").glob("release_*.json"):
        release = json.loads(file.read_text(encoding="utf-8"))["release"]
        assert release in [number for number, _ in RELEASES[1:]]
