"""Accounts: a first password in two halves, changed at the first login; logins that cannot be tried for long."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from gateway.behoerden import kennworte, konten, stamm
from gateway.behoerden.aenderungen import Verwaltung
from gateway.behoerden.fehler import BehoerdenError
from gateway.behoerden.konten import Recht, ZuOft
from gateway.behoerden.sitzungen import Sitzungen
from gateway.meldewesen.behoerde import Behoerde, Rolle

AMT = Behoerde("dbs:030010990000", "Ordnungsamt Musterstadt", Rolle.EINFACH)
OWN = "Sieben-Zwerge-2026"
NOW = datetime(2026, 5, 4, tzinfo=UTC)


@pytest.fixture
def halves(v: Verwaltung) -> tuple[str, str]:
    konten.lege_an(v, "anna", "leitung")
    return konten.gib_haelfte(v, "anna", "1"), konten.gib_haelfte(v, "anna", "2")


def test_with_both_halves_of_the_first_password_nothing_can_be_done_but_choose_another(
    v: Verwaltung, halves: tuple[str, str]
) -> None:
    konto = konten.melde_an(v, "anna", "".join(halves))
    assert konto.wechseln
    assert not any(konto.darf(recht) for recht in Recht)
    konten.waehle_passwort(v, "anna", "".join(halves), OWN)
    konto = konten.melde_an(v, "anna", OWN)
    assert not konto.wechseln
    assert all(konto.darf(recht) for recht in Recht)
    with pytest.raises(BehoerdenError, match="wrong"):
        konten.melde_an(v, "anna", "".join(halves))


def test_one_half_opens_nothing(v: Verwaltung, halves: tuple[str, str]) -> None:
    erste, zweite = halves
    for wrong in (erste, zweite, zweite + erste, erste + erste):
        with pytest.raises(BehoerdenError, match="wrong"):
            konten.melde_an(v, "anna", wrong)
    konten.lege_an(v, "bert", "auskunft")
    half = konten.gib_haelfte(v, "bert", "1")
    for wrong in ("", half, half + half):
        with pytest.raises(BehoerdenError, match="wrong"):
            konten.melde_an(v, "bert", wrong)


def test_with_four_eyes_nobody_gets_both_halves(v: Verwaltung) -> None:
    anna = replace(v, vier_augen=True)
    konten.lege_an(anna, "neu", "auskunft")
    konten.gib_haelfte(anna, "neu", "1")
    with pytest.raises(BehoerdenError, match="another one must give out the other half"):
        konten.gib_haelfte(anna, "neu", "2")
    konten.gib_haelfte(replace(anna, wer="cli:bert"), "neu", "2")


def test_a_new_half_ends_the_password_there_was(v: Verwaltung, halves: tuple[str, str]) -> None:
    konten.waehle_passwort(v, "anna", "".join(halves), OWN)
    erste = konten.gib_haelfte(v, "anna", "1")
    for wrong in (OWN, erste + halves[1]):
        with pytest.raises(BehoerdenError, match="wrong"):
            konten.melde_an(v, "anna", wrong)


@pytest.mark.parametrize("weak", ["kurz", "aaaaaaaaaaaaaaa", "ich-bin-anna-2026", "x" * 201])
def test_a_weak_password_is_not_taken(v: Verwaltung, halves: tuple[str, str], weak: str) -> None:
    with pytest.raises(BehoerdenError, match="password"):
        konten.waehle_passwort(v, "anna", "".join(halves), weak)
    with pytest.raises(BehoerdenError, match="is the old one"):
        konten.waehle_passwort(v, "anna", "".join(halves), "".join(halves))


@pytest.mark.parametrize("name", ["anna", "nobody"])
def test_after_five_failed_logins_each_further_one_waits_twice_as_long_whether_there_is_such_an_account_or_not(
    v: Verwaltung, halves: tuple[str, str], name: str
) -> None:
    clock = [NOW]
    v = replace(v, uhr=lambda: clock[0])
    for _ in range(5):
        with pytest.raises(BehoerdenError, match="wrong"):
            konten.melde_an(v, name, "falsch")
    for minutes in (1, 2):
        clock[0] += timedelta(minutes=minutes, seconds=-1)
        with pytest.raises(ZuOft, match="try again after"):
            konten.melde_an(v, name, "".join(halves))
        clock[0] += timedelta(seconds=1)
        with pytest.raises(BehoerdenError, match="wrong"):
            konten.melde_an(v, name, "falsch")
    clock[0] += timedelta(minutes=4)
    if name == "anna":
        assert konten.melde_an(v, name, "".join(halves))
        with pytest.raises(BehoerdenError, match="wrong"):  # it counts anew
            konten.melde_an(v, name, "falsch")


@pytest.mark.parametrize("name", ["anna", "nobody"])
def test_many_failed_logins_by_other_names_do_not_free_one_from_waiting(
    v: Verwaltung, halves: tuple[str, str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(konten, "_MAX_NAMEN", 3)
    monkeypatch.setattr(kennworte, "stimmt", lambda *_: False)
    v = replace(v, uhr=lambda: NOW)
    for stranger in "abcde":
        with pytest.raises(BehoerdenError, match="name or password is wrong"):
            konten.melde_an(v, stranger, "falsch")
    for _ in range(5):
        with pytest.raises(BehoerdenError, match="name or password is wrong"):
            konten.melde_an(v, name, "falsch")
    with pytest.raises(ZuOft, match="try again after"):
        konten.melde_an(v, name, "falsch")
    with v.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM behoerde_anmeldung")) <= 4


def test_a_password_is_not_chosen_for_an_account_that_was_blocked_or_got_another_half_meanwhile(
    v: Verwaltung, halves: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    versiegle = kennworte.versiegle

    def meanwhile(kennwort: str) -> str:
        monkeypatch.undo()
        konten.sperre(v, "anna", gesperrt=True)
        konten.sperre(v, "anna", gesperrt=False)
        return versiegle(kennwort)

    monkeypatch.setattr(kennworte, "versiegle", meanwhile)
    with pytest.raises(BehoerdenError, match="just now"):
        konten.waehle_passwort(v, "anna", "".join(halves), OWN)
    with pytest.raises(BehoerdenError, match="wrong"):
        konten.melde_an(v, "anna", OWN)


def test_a_blocked_account_cannot_log_in_and_its_sessions_end_at_once(v: Verwaltung, halves: tuple[str, str]) -> None:
    sitzungen = Sitzungen(b"k" * 32, timedelta(minutes=15), lambda: NOW)
    konten.waehle_passwort(v, "anna", "".join(halves), OWN)
    token, _ = sitzungen.beginne(konten.melde_an(v, "anna", OWN))
    assert sitzungen.lies(token, v) is not None
    konten.sperre(v, "anna", gesperrt=True)
    assert sitzungen.lies(token, v) is None
    with pytest.raises(BehoerdenError, match="blocked"):
        konten.melde_an(v, "anna", OWN)
    konten.sperre(v, "anna", gesperrt=False)
    assert sitzungen.lies(token, v) is None
    assert konten.melde_an(v, "anna", OWN)


def test_a_session_is_over_after_its_time_and_a_forged_one_never_began(v: Verwaltung, halves: tuple[str, str]) -> None:
    clock = [NOW]
    sitzungen = Sitzungen(b"k" * 32, timedelta(minutes=15), lambda: clock[0])
    token, bis = sitzungen.beginne(konten.melde_an(v, "anna", "".join(halves)))
    assert bis == NOW + timedelta(minutes=15)
    body, _, mac = token.partition(".")
    other, _ = replace(sitzungen, key=b"o" * 32).beginne(konten.melde_an(v, "anna", "".join(halves)))
    for forged in (
        "",
        ".",
        body,
        f"{body}.",
        f"{body}.{mac[:-2]}",
        f".{mac}",
        other,
        "ä.ö",
        "A" * 10_000,
        f"{body}A.{mac}",
    ):
        assert sitzungen.lies(forged, v) is None
    assert sitzungen.lies(token, v) is not None
    clock[0] = bis
    assert sitzungen.lies(token, v) is None


def test_an_administrator_may_do_what_its_role_has_for_its_own_authority_alone(v: Verwaltung) -> None:
    stamm.registriere(v, AMT)
    konten.lege_an(v, "amt-admin", "administrator", AMT.kennung)
    konto = replace(konten.lies(v, "amt-admin"), wechseln=False)  # type: ignore[type-var]
    assert konto.darf(Recht.BENUTZER, AMT.kennung)
    assert not konto.darf(Recht.BENUTZER, "dbs:030010990001")
    assert not konto.darf(Recht.BENUTZER)
    assert not konto.darf(Recht.LESEN, AMT.kennung)


@pytest.mark.parametrize(
    ("name", "rolle", "kennung", "says"),
    [
        ("A", "leitung", None, "2 to 64 small letters"),
        ("anna", "chef", None, "chef is no role"),
        ("anna", "administrator", None, "an administrator is one of an authority"),
        ("anna", "leitung", AMT.kennung, "an administrator is one of an authority"),
        ("anna", "administrator", AMT.kennung, "is not registered"),
    ],
)
def test_an_account_that_cannot_be_is_refused(
    v: Verwaltung, name: str, rolle: str, kennung: str | None, says: str
) -> None:
    with pytest.raises(BehoerdenError, match=says):
        konten.lege_an(v, name, rolle, kennung)


@pytest.mark.usefixtures("kennworte_at_real_cost")
def test_passwords_are_kept_as_argon2id_alone(v: Verwaltung, halves: tuple[str, str]) -> None:
    konten.waehle_passwort(v, "anna", "".join(halves), OWN)
    with v.engine.connect() as connection:
        row = connection.execute(text("SELECT passwort, haelfte_1, haelfte_2 FROM behoerde_konto")).one()
    assert row[0].startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert tuple(row[1:]) == (None, None)


@pytest.mark.usefixtures("kennworte_at_real_cost")
def test_passwords_are_checked_in_several_threads_at_once() -> None:
    sealed = kennworte.versiegle(OWN)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda text: kennworte.stimmt(text, sealed), [OWN, "x", OWN, "y"], timeout=30)) == [
            True, False, True, False,
        ]  # fmt: skip
