"""A slice of the hostile campaign: whatever is sent, a signed reply of the standard's kind comes back, recorded."""

from pathlib import Path

from tests.hostile.campaign import run, target

SLICE, SEED = 1050, 20251101


def test_mutated_requests_get_a_fault_or_rueckweisung_and_memory_stays_bounded(tmp_path: Path) -> None:
    with target(tmp_path) as running:
        bericht = run(running, SLICE, SEED)
    assert bericht.failures == []
    assert bericht.sent == SLICE
    assert bericht.last_kib < bericht.first_kib + 50_000
    # a campaign that stops at the door tests nothing: it must have come as far as schema, rules and search
    for word in ("01", "0910 X001", "fault SIGNATURE_INVALID", "fault NOT_WELLFORMED", "fault INVALID_SECURITY"):
        assert bericht.outcomes[word] >= 5, bericht.outcomes
