"""What the bench asks of a mirror is allowed, and no database scans for it."""

from pathlib import Path

import pytest

from gateway.meldewesen.freie_suche import FreieSuchformen
from gateway.spiegel.laden import lade
from gateway.spiegel.musterspiegel import mustereintraege, mustergemeinden
from gateway.spiegel.suche import SqlSpiegel
from gateway.spiegel.tabellen import create_schema
from tests.bench.fundus import Fundus
from tests.bench.kinds import KINDS
from tests.bench.search import SICHT
from tests.bench.workload import LAND
from tests.databases import KINDS as DATABASES
from tests.databases import fresh_database, opened
from tests.spiegel.plaene import explained, steps

PERSONS = 1500
EVERY = [kind for kinds in KINDS.values() for kind in kinds]


def test_no_two_kinds_have_one_name() -> None:
    names = [kind.name for kind in EVERY]
    assert len(names) == len({*names})


@pytest.mark.parametrize("database", DATABASES)
def test_each_kind_has_a_datum_that_leads_and_none_scans(database: str, tmp_path: Path) -> None:
    with fresh_database(database, tmp_path) as url:
        with opened(url) as engine:
            create_schema(engine)
            lade(engine, mustereintraege(mustergemeinden(LAND), PERSONS, 1))
            fundus = Fundus(engine)
        with opened(url, readonly=True) as engine:
            spiegel = SqlSpiegel(engine)
            asked = 0
            for kind in EVERY:
                for anfrage in kind.queries(fundus, 1):
                    told = [steps(*one) for one in explained(engine, spiegel, anfrage, SICHT)]
                    assert not [line for line in told if "SCANS" in line], (kind.name, told)
                    assert " leads by art wert" in told[-1], (kind.name, told)
                    assert isinstance(anfrage, FreieSuchformen) or len(told) == 1
                    asked += 1
    assert asked > 0.9 * len(EVERY)
