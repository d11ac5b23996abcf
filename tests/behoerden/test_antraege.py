"""Registration as the guide of the MiN has it: application, check, release or refusal."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from gateway.behoerden import antraege, konten, stamm
from gateway.behoerden.aenderungen import Verwaltung, verlauf
from gateway.behoerden.antraege import Ansprechpartner, Antrag
from gateway.behoerden.fehler import BehoerdenError
from gateway.behoerden.kategorie import Schluessel, Schluesselliste
from gateway.behoerden.register import SqlBehoerden
from gateway.meldewesen.behoerde import Behoerde, Rolle

POLIZEI = Behoerde("dbs:060030020000", "Polizei S Stadt", Rolle.SICHERHEIT, protokoll_beauftragt=True, nummer=1)
WER = Ansprechpartner("Petra", "Probe", "probe@example.org", "0511 000000", "Musterweg 1, 30159 Hannover")
ANTRAG = Antrag(POLIZEI, WER, "Rollen, Sperrbildschirm, Belehrung der Nutzer", unterschrieben=True)


def test_an_application_that_was_checked_and_released_registers_the_authority_in_its_one_role(v: Verwaltung) -> None:
    nummer = antraege.stelle(v, ANTRAG)
    assert SqlBehoerden(v.engine).all() == []
    antraege.pruefe(v, nummer)
    assert SqlBehoerden(v.engine).all() == []
    assert antraege.gib_frei(v, nummer) == "060030020000-admin"
    assert SqlBehoerden(v.engine).all() == [POLIZEI]
    (konto,) = konten.alle(v)
    assert (konto["name"], konto["rolle"], konto["kennung"], konto["aktiv"]) == (
        "060030020000-admin", "administrator", POLIZEI.kennung, False,
    )  # fmt: skip


def test_a_refused_one_registers_nobody_and_keeps_the_reason(v: Verwaltung) -> None:
    nummer = antraege.stelle(v, ANTRAG)
    antraege.lehne_ab(v, nummer, "keine Behörde des § 34 BMG")
    shown = antraege.zeige(v, nummer)
    assert (shown["stand"], shown["grund"], shown["entschieden_von"]) == (
        "abgelehnt", "keine Behörde des § 34 BMG", "cli:anna",
    )  # fmt: skip
    assert SqlBehoerden(v.engine).all() == []


@pytest.mark.parametrize(
    ("steps", "last"),
    [
        ("", "freigeben"),  # nobody has checked it
        ("pruefen", "pruefen"),
        ("ablehnen", "pruefen"),
        ("ablehnen", "freigeben"),
        ("pruefen freigeben", "freigeben"),
        ("pruefen freigeben", "ablehnen"),
    ],
)
def test_a_step_out_of_order_is_refused(v: Verwaltung, steps: str, last: str) -> None:
    can: dict[str, Callable[[str], object]] = {
        "pruefen": lambda nummer: antraege.pruefe(v, nummer),
        "freigeben": lambda nummer: antraege.gib_frei(v, nummer),
        "ablehnen": lambda nummer: antraege.lehne_ab(v, nummer, "Grund"),
    }
    nummer = antraege.stelle(v, ANTRAG)
    for step in steps.split():
        can[step](nummer)
    with pytest.raises(BehoerdenError, match="in the state"):
        can[last](nummer)


def test_four_eyes_release_what_one_pair_has_taken_in_or_checked(v: Verwaltung) -> None:
    anna = replace(v, vier_augen=True)
    bert, carla = replace(anna, wer="cli:bert"), replace(anna, wer="cli:carla")
    nummer = antraege.stelle(anna, ANTRAG)
    antraege.pruefe(bert, nummer)
    for one in (anna, bert):
        with pytest.raises(BehoerdenError, match="four eyes: another one must release it"):
            antraege.gib_frei(one, nummer)
    antraege.gib_frei(carla, nummer)
    with pytest.raises(BehoerdenError, match="four eyes: an authority is registered by an application"):
        stamm.registriere(anna, replace(POLIZEI, kennung="dbs:060030030000"))


def test_an_authority_has_one_role_a_second_application_for_it_is_refused(v: Verwaltung) -> None:
    first, second = (antraege.stelle(v, ANTRAG) for _ in range(2))
    antraege.pruefe(v, first)
    antraege.pruefe(v, second)
    antraege.gib_frei(v, first)
    with pytest.raises(BehoerdenError, match="an account has one role"):
        antraege.gib_frei(v, second)
    assert len(konten.alle(v)) == 1


def test_what_the_key_list_speaks_against_is_not_lawful(v: Verwaltung) -> None:
    liste = Schluesselliste("9", {"060030020000": Schluessel("Polizei", "§ 38 1 einfache Behörde")})
    nummer = antraege.stelle(v, ANTRAG)
    with pytest.raises(BehoerdenError, match="no Sicherheitsbehörde in version 9"):
        antraege.pruefe(replace(v, liste=lambda: liste), nummer)


@pytest.mark.parametrize(
    ("antrag", "says"),
    [
        (replace(ANTRAG, unterschrieben=False), "needs the signature"),
        (replace(ANTRAG, massnahmen=" "), "the measures of § 39"),
        (replace(ANTRAG, behoerde=replace(POLIZEI, kennung="dbs:1")), "dbs: and 12 digits"),
        (replace(ANTRAG, administrator=replace(WER, telefon="")), "the administrator's telefon"),
        (replace(ANTRAG, administrator=replace(WER, email="probe")), "email is no address"),
    ],
)
def test_an_incomplete_application_is_not_taken_in(v: Verwaltung, antrag: Antrag, says: str) -> None:
    with pytest.raises(BehoerdenError, match=says):
        antraege.stelle(v, antrag)
    assert antraege.alle(v) == []


def test_the_record_of_changes_has_no_administrators_data(v: Verwaltung) -> None:
    antraege.gib_frei(v, _checked(v))
    assert not any(text in str(verlauf(v.engine)) for text in ("Petra", "probe@", "0511"))
    assert antraege.alle(v)[0]["administrator"]["name"] == "Probe"


def _checked(v: Verwaltung) -> str:
    nummer = antraege.stelle(v, ANTRAG)
    antraege.pruefe(v, nummer)
    return nummer
