"""Who is let in: exactly one authority per certificate, and a block that holds at once."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from gateway.behoerden.kategorie import Schluessel, Schluesselliste
from gateway.behoerden.register import MAX_AGE, MAX_CACHED, BehoerdenError, SqlBehoerden
from gateway.errors import StoreError
from gateway.meldewesen.behoerde import Behoerde, Rolle

POLIZEI = Behoerde("dbs:060030020000", "Polizei S Stadt", Rolle.SICHERHEIT, protokoll_beauftragt=True)
AMT = Behoerde("dbs:039990010000", "Ordnungsamt Musterstadt", Rolle.EINFACH, azr_berechtigt=True)
ZENTRAL = Behoerde("dbs:060030010000", "Zentrale Stelle", Rolle.SICHERHEIT, zentrale_stelle=True)
NOWHERE = create_engine("sqlite://")  # for what is refused before any database is asked
CERTIFICATE, OTHER = "ab" * 32, "cd" * 32


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_certificate_leads_to_its_authority_with_all_its_rights(engine: Engine, leser: Engine) -> None:
    register = SqlBehoerden(engine)
    for behoerde, certificate in ((POLIZEI, CERTIFICATE), (AMT, OTHER), (ZENTRAL, "ef" * 32)):
        register.add(behoerde)
        register.add_certificate(behoerde.kennung, certificate)
        assert SqlBehoerden(leser).of_certificate(certificate) == behoerde
    assert SqlBehoerden(leser).all() == sorted((POLIZEI, AMT, ZENTRAL), key=lambda behoerde: behoerde.kennung)


def test_an_unknown_certificate_leads_to_nobody(leser: Engine) -> None:
    assert SqlBehoerden(leser).of_certificate(CERTIFICATE) is None


def test_an_authority_may_have_two_certificates_at_once(engine: Engine) -> None:
    register = SqlBehoerden(engine)
    register.add(POLIZEI)
    for certificate in (OTHER, CERTIFICATE):
        register.add_certificate(POLIZEI.kennung, certificate)
    assert register.of_certificate(CERTIFICATE) == register.of_certificate(OTHER) == POLIZEI
    assert register.certificates(POLIZEI.kennung) == [CERTIFICATE, OTHER]


def test_what_is_blocked_stays_known_and_what_is_unblocked_is_as_before(engine: Engine) -> None:
    register = SqlBehoerden(engine)
    register.add(POLIZEI)
    register.add_certificate(POLIZEI.kennung, CERTIFICATE)
    assert register.of_certificate(CERTIFICATE) == POLIZEI
    register.block(POLIZEI.kennung)
    assert register.of_certificate(CERTIFICATE) == replace(POLIZEI, gesperrt=True)
    register.unblock(POLIZEI.kennung)
    assert register.of_certificate(CERTIFICATE) == POLIZEI


def test_a_block_by_another_process_holds_within_a_second(engine: Engine, leser: Engine, database_url: str) -> None:
    register = SqlBehoerden(engine)
    register.add(POLIZEI)
    register.add_certificate(POLIZEI.kennung, CERTIFICATE)
    serving = SqlBehoerden(leser)
    script = (
        "import sys; from gateway.behoerden.register import SqlBehoerden; from gateway.database import open_engine\n"
        "SqlBehoerden(open_engine(sys.argv[1])).block(sys.argv[2])"
    )
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-W", "ignore", "-c", script, database_url, POLIZEI.kennung]
    with subprocess.Popen(command, cwd=root) as process:
        while process.poll() is None:
            assert serving.of_certificate(CERTIFICATE) is not None  # asked all the time, so always cached
            time.sleep(0.01)
    assert process.returncode == 0
    time.sleep(MAX_AGE)
    blocked = serving.of_certificate(CERTIFICATE)
    assert blocked is not None
    assert blocked.gesperrt


def test_an_answer_is_no_older_than_half_a_second_counted_from_before_it_was_read(engine: Engine) -> None:
    clock = Clock()
    serving, operator = SqlBehoerden(engine, clock=clock), SqlBehoerden(engine)
    operator.add(POLIZEI)
    assert serving.of_certificate(CERTIFICATE) is None
    operator.add_certificate(POLIZEI.kennung, CERTIFICATE)
    clock.now += 0.49
    assert serving.of_certificate(CERTIFICATE) is None
    clock.now += 0.02
    assert serving.of_certificate(CERTIFICATE) == POLIZEI


def test_within_that_time_the_database_is_not_asked_again_and_afterwards_nothing_stale_is_told(engine: Engine) -> None:
    clock = Clock()
    serving = SqlBehoerden(engine, clock=clock)
    serving.add(POLIZEI)
    serving.add_certificate(POLIZEI.kennung, CERTIFICATE)
    assert serving.of_certificate(CERTIFICATE) == POLIZEI
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE behoerde RENAME TO weg"))
    assert serving.of_certificate(CERTIFICATE) == POLIZEI
    clock.now += MAX_AGE
    with pytest.raises(StoreError, match="authorities cannot be read"):
        serving.of_certificate(CERTIFICATE)


def test_strangers_cannot_make_the_cache_grow(leser: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    register = SqlBehoerden(leser, clock=Clock())
    monkeypatch.setattr(register, "_read", lambda _fingerprint: None)
    for number in range(2 * MAX_CACHED + 10):
        register.of_certificate(f"{number:064x}")
    assert len(register._cache._entries) <= MAX_CACHED


@pytest.mark.parametrize(
    "kennung",
    ["060030020000", "dbs:06003002000", "dbs:0600300200000", "DBS:060030020000", "dbs:06003002000x", "ags:03241001",
     "dbs:060030020000\n", "dbs:٠٦٠٠٣٠٠٢٠٠٠٠", ""],
)  # fmt: skip
def test_a_malformed_key_is_refused(kennung: str) -> None:
    with pytest.raises(BehoerdenError, match="written dbs: and 12 digits"):
        SqlBehoerden(NOWHERE).add(replace(AMT, kennung=kennung))


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 251])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(BehoerdenError, match="printable"):
        SqlBehoerden(NOWHERE).add(replace(AMT, name=name))


@pytest.mark.parametrize("fingerprint", ["", "AB" * 32, "ab" * 31, "ab" * 32 + "\n", "x" * 64])
def test_a_malformed_fingerprint_is_refused(fingerprint: str) -> None:
    with pytest.raises(BehoerdenError, match="64 lower-case hexadecimal"):
        SqlBehoerden(NOWHERE).add_certificate(AMT.kennung, fingerprint)


def test_every_other_change_that_cannot_be_is_refused_by_name(engine: Engine) -> None:
    register = SqlBehoerden(engine)
    register.add(AMT)
    register.add(POLIZEI)
    register.add_certificate(AMT.kennung, CERTIFICATE)
    unknown = "dbs:000000000000"
    refusals: list[tuple[Callable[[], object], str]] = [
        (lambda: register.add(AMT), "dbs:039990010000 is registered already"),
        (lambda: register.add_certificate(AMT.kennung, CERTIFICATE), "belongs to this authority already"),
        (lambda: register.add_certificate(POLIZEI.kennung, CERTIFICATE), "belongs to another authority, dbs:03999"),
        (lambda: register.add_certificate(unknown, OTHER), "dbs:000000000000 is not registered"),
        (lambda: register.block(unknown), "dbs:000000000000 is not registered"),
        (lambda: register.unblock(unknown), "dbs:000000000000 is not registered"),
        (lambda: register.certificates(unknown), "dbs:000000000000 is not registered"),
        (lambda: register.unblock(AMT.kennung), "dbs:039990010000 is not blocked"),
    ]
    for change, reason in refusals:
        with pytest.raises(BehoerdenError, match=reason):
            change()
    register.block(AMT.kennung)
    with pytest.raises(BehoerdenError, match="is blocked already"):
        register.block(AMT.kennung)
    assert register.of_certificate(CERTIFICATE) == replace(AMT, gesperrt=True)


def test_a_register_opened_for_reading_changes_nothing(leser: Engine) -> None:
    with pytest.raises(StoreError, match="authorities cannot be changed"):
        SqlBehoerden(leser).add(AMT)
    assert SqlBehoerden(leser).all() == []


def test_with_a_key_list_nobody_is_registered_with_more_than_it_gives(engine: Engine) -> None:
    liste = Schluesselliste("1", {"060030020000": Schluessel("Polizei", "§ 38 3 und 5 Sicherheitsbehörde")})
    register = SqlBehoerden(engine, liste)
    register.add(POLIZEI)
    with pytest.raises(BehoerdenError, match="no Sicherheitsbehörde in version 1 of the key list"):
        register.add(replace(AMT, rolle=Rolle.SICHERHEIT))
    register.add(AMT)
    assert [behoerde.kennung for behoerde in register.all()] == [AMT.kennung, POLIZEI.kennung]
