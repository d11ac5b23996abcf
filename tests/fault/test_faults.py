"""A slice of `make faults`, and that the campaign would see what it looks for."""

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select

from gateway.exchange import Reply
from gateway.protokoll.tabellen import EINTRAG
from tests.databases import KINDS
from tests.fault.campaign import FAULTS, campaign, fall
from tests.fault.children import Tell, child

pytestmark = pytest.mark.xdist_group("fault")


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_happens_no_answer_leaves_without_its_record_and_the_protokoll_is_complete(
    tmp_path: Path, kind: str
) -> None:
    bilanz = campaign(tmp_path, kind, seed=7, kills=12, others=2)
    assert bilanz.clean, bilanz.surprises
    assert bilanz.happened == {"killed": 12, **dict.fromkeys(FAULTS[kind][1:], 2)}
    assert bilanz.killed >= 8
    assert bilanz.unrecorded["gone"] == 6, "a database that is gone records nothing, and the replies say so"
    assert bilanz.unrecorded["full"] > 0 or kind == "postgresql"
    assert not bilanz.unrecorded.keys() & {"killed", "clock back"}
    assert len(bilanz.left) > 30


def test_a_record_that_is_missing_would_be_seen(tmp_path: Path) -> None:
    with fall(tmp_path, "sqlite", seed=1) as one:
        one.happen("killed")
        with one._house.here.protokoll().begin() as connection:
            last = connection.scalar(select(func.max(EINTRAG.c.kette)))
            connection.execute(delete(EINTRAG).where(EINTRAG.c.kette == last))
        surprises = one.judge().surprises
    assert "1 replies left without a record" in surprises
    assert any("missing" in text for text in surprises)


def test_what_has_left_a_process_that_was_killed_is_known() -> None:
    def work(tell: Tell) -> None:
        tell(Reply(b"one", False))
        for _ in range(1000):
            str(1)
        tell(Reply(b"two", False))

    whole = child(work)
    assert (whole.killed, len(whole.left)) == (False, 2)
    half = child(work, kill_at=whole.events // 2)
    assert (half.killed, half.left) == (True, (hashlib.sha256(b"one").digest(),))
