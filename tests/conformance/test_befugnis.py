"""Whom the ordinance lets have which datum, held against every version's mapping by DSMeld Blatt.

The numbers are those of §§ 5 and 8 BMeldDAV; a span ends with the number behind the dash.
"""

from collections.abc import Iterable
from pathlib import Path

import pytest

from gateway.meldewesen.behoerde import Rolle
from gateway.xmeld.mapping import Mapping
from gateway.xmeld.zeilen import ALONG

SICHERHEIT, FIU = Rolle.SICHERHEIT, Rolle.FIU

#: § 5 (1) S. 1 and S. 3 no. 1, § 8 (1) S. 1: for every authority.
FUER_ALLE = {
    "1330": "0101a-0105a 0201a-0206 0301-0305 0401 0501 0502 0601-0606 0701 1001-1004 1200-1213a 1223 1232 1233 "
    "1301-1314 0001 0902a 0904 0905 0907a 0906 0917 0915 0916 1401-1409 1501a 1517a 1503 1519 1502b 1518b 1504 1520 "
    "1505 1521 1506 1522 1508 1524 1516 1532 1601a 1603 1604 1604a 1605 1901-1905 1801a",
    "1332": "0101a-0105a 0201a 0203a 0301-0303 0401 0501 0502 0601-0603 0701 1001 1201-1212 1901-1905",
}

#: § 5 (2) S. 1 and 2, § 8 (2) S. 1 and 2: beyond that for the bodies of § 34 (4) S. 1 BMG, and for the FIU.
DARUEBER = {
    ("1330", SICHERHEIT): "1700-1709 2301 2302 2601-2604 2801 2802 3001 3002",
    ("1330", FIU): "1700-1709 2301 2302 3001 3002",
    ("1332", SICHERHEIT): "1301 1700-1709 2601 2603 2801 3001 3002",
    ("1332", FIU): "1700-1709 3001 3002",
}

MAPPINGS = [Mapping.load(path) for path in sorted((Path(__file__).parents[2] / "mappings").glob("xmeld-*.toml"))]


def _nennt(paragraph: str, blatt: str) -> bool:
    spannen = (eintrag.partition("-") for eintrag in paragraph.split())
    return any(von <= blatt <= (bis or von) for von, _, bis in spannen)


def _darf(nummer: str, rolle: Rolle, blaetter: Iterable[str]) -> bool:
    erlaubt = f"{FUER_ALLE[nummer]} {DARUEBER.get((nummer, rolle), '')}"
    return all(_nennt(erlaubt, blatt) for blatt in blaetter)


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda mapping: mapping.namespace)
@pytest.mark.parametrize("nummer", FUER_ALLE)
@pytest.mark.parametrize("rolle", Rolle)
def test_a_role_gets_exactly_the_blaetter_that_the_ordinance_names_for_it(
    mapping: Mapping, nummer: str, rolle: Rolle
) -> None:
    art = mapping.abrufe[nummer]
    blaetter: dict[str, set[str]] = {}
    for zeile in art.zeilen:
        blaetter.setdefault(zeile.code, set()).update(zeile.blatt.split())
    begleitend = blaetter.pop(ALONG)
    assert _darf(nummer, rolle, begleitend), "what comes along unasked"
    for code, seine in blaetter.items():
        assert (art.unzulaessig(frozenset({code}), rolle) == ()) is _darf(nummer, rolle, seine), code
