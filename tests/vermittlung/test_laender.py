"""The port behind which exchanges find other Laender: directory, circuit breaker and client joined."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.ports import Ausfall, Fremdantwort, LandNichtErreichbar
from gateway.vermittlung.gebiet import Gemeindeverzeichnis
from gateway.vermittlung.gegenstelle import Gegenstelle, VerzeichnisUnerreichbar
from gateway.vermittlung.laender import OsciLaender
from gateway.vermittlung.sicherung import Schwelle, Sicherungen
from osci_stub.muster import suchanfrage
from tests.vermittlung.osci_amt import LAND, NOBODY, Amt, amt, keys, peer, running_stub, stub
from tests.vermittlung.peers import Clock, directory, table, write

__all__ = ["amt", "running_stub", "stub"]

AUTOR = "dbs:030010010000"
AGS = "06414000"
NIEDERBAYERN = ("09261000", "09262000", "09263000")


class Known:
    """A directory in which the stub stands as it is told."""

    def __init__(self, one: Gegenstelle) -> None:
        self.one = one

    def finde(self, ags: str, version: str) -> Gegenstelle:
        assert (ags, version) == (AGS, "25.11a")
        return self.one

    def zustand(self) -> dict[str, str]:
        return {}


class Silent:
    """A directory that cannot say."""

    def finde(self, ags: str, version: str) -> Gegenstelle:
        raise VerzeichnisUnerreichbar("DVDV does not say")

    def zustand(self) -> dict[str, str]:
        return {"DVDV": "open"}


def laender(amt: Amt, sicherungen: Sicherungen | None = None, **changes: object) -> OsciLaender:
    verzeichnis = Known(peer(amt.stub, **changes))
    return OsciLaender(amt.client, verzeichnis, sicherungen or Sicherungen(8), {AUTOR: keys(amt.stub.keys.gateway)})


def rufe_ab(one: OsciLaender, ags: str = AGS, version: str = "25.11a") -> Fremdantwort:
    return one.rufe_ab(ags, version, AUTOR, suchanfrage(), datetime.now(UTC))


def ausfall(one: OsciLaender, ags: str = AGS, version: str = "25.11a") -> Ausfall:
    with pytest.raises(LandNichtErreichbar) as caught:
        rufe_ab(one, ags, version)
    return caught.value.grund


def aus_datei(folder: Path, amt: Amt, text: str, *gemeinden: str) -> OsciLaender:
    datei = directory(write(folder, text), Clock())
    return OsciLaender(
        amt.client, datei, Sicherungen(8), {}, eintrag=datei.eintrag, gemeinden=Gemeindeverzeichnis(gemeinden)
    )


def test_an_answer_comes_with_what_the_transport_reported(amt: Amt) -> None:
    one = laender(amt)
    antwort = rufe_ab(one)
    assert b"1331" in antwort.nachricht
    assert antwort.codes == ("0801", "0800")
    assert one.zustand() == {LAND: "closed"}


def test_a_land_or_version_that_no_directory_knows_is_told_as_such(amt: Amt, tmp_path: Path) -> None:
    one = aus_datei(tmp_path, amt, table("09"))
    assert ausfall(one, "08111000") is Ausfall.NICHT_VERZEICHNET
    assert ausfall(one, "09162000", "24.11") is Ausfall.VERSION


def test_a_directory_that_cannot_say_is_told_as_a_land_that_cannot_be_reached(amt: Amt) -> None:
    one = OsciLaender(amt.client, Silent(), Sicherungen(8), {})
    assert ausfall(one) is Ausfall.VERBINDUNG
    assert one.zustand() == {"DVDV": "open"}


def test_a_land_that_does_not_answer_is_left_alone(amt: Amt) -> None:
    one = laender(amt, Sicherungen(8, schwelle=Schwelle(fehlschlaege=2)), intermediaer=NOBODY)
    assert [ausfall(one) for _ in range(3)] == [Ausfall.VERBINDUNG, Ausfall.VERBINDUNG, Ausfall.AUSGESETZT]
    assert one.zustand() == {LAND: "open"}


@pytest.mark.parametrize(("fault", "grund"), [("fault_9811", Ausfall.ABGELEHNT), ("unsigned", Ausfall.UNGLAUBWUERDIG)])
def test_a_land_that_answers_badly_does_answer(amt: Amt, fault: str, grund: Ausfall) -> None:
    amt.stub.intermediary.faults.add(fault)
    one = laender(amt, Sicherungen(8, schwelle=Schwelle(fehlschlaege=2)))
    assert [ausfall(one) for _ in range(3)] == [grund] * 3
    assert one.zustand() == {LAND: "closed"}


@pytest.mark.parametrize("fault", ["fault_9808", "fault_9809", "fault_9810"])
def test_a_register_that_does_not_answer_its_intermediary_is_left_alone(amt: Amt, fault: str) -> None:
    amt.stub.intermediary.faults.add(fault)
    one = laender(amt, Sicherungen(8, schwelle=Schwelle(fehlschlaege=2)))
    assert [ausfall(one) for _ in range(3)] == [Ausfall.ABGELEHNT, Ausfall.ABGELEHNT, Ausfall.AUSGESETZT]


def test_after_its_pause_a_land_is_asked_again(amt: Amt) -> None:
    clock = Clock()
    sicherungen = Sicherungen(8, schwelle=Schwelle(fehlschlaege=1, pause=10), clock=clock)
    amt.stub.intermediary.faults.add("fault_9809")
    one = laender(amt, sicherungen)
    assert [ausfall(one), ausfall(one)] == [Ausfall.ABGELEHNT, Ausfall.AUSGESETZT]
    amt.stub.intermediary.faults.clear()
    clock.time += 10
    assert rufe_ab(one).codes == ("0801", "0800")
    assert one.zustand() == {LAND: "closed"}


@pytest.mark.parametrize(("gesamt", "gleichzeitig"), [(8, 1), (1, 8)])
def test_more_at_a_time_than_are_allowed_are_refused_at_once(amt: Amt, gesamt: int, gleichzeitig: int) -> None:
    sicherungen = Sicherungen(gesamt)
    one = laender(amt, sicherungen, gleichzeitig=gleichzeitig)
    with sicherungen.fuer(LAND, 8):
        assert ausfall(one) is Ausfall.BELEGT
    assert amt.arrived() == 0


@pytest.mark.parametrize(
    ("keys_of_the_land", "bereich", "teile"),
    [
        ({"je_gemeinde": "true"}, "092", NIEDERBAYERN),
        ({"je_gemeinde": "true"}, "09262", ("09262000",)),
        ({"je_gemeinde": "true"}, "09262000", ()),  # asked as it is
        ({"je_gemeinde": "true", "hoechstens_nachrichten": "2"}, "092", ()),  # too many
        ({"je_gemeinde": "true"}, "08", ()),  # another Land, of which the file says nothing
        ({}, "092", ()),
    ],
)
def test_a_suchbereich_is_split_where_its_land_wants_that(
    amt: Amt, tmp_path: Path, keys_of_the_land: dict[str, str], bereich: str, teile: tuple[str, ...]
) -> None:
    one = aus_datei(tmp_path, amt, table("09", **keys_of_the_land), *NIEDERBAYERN, "09162000", "08111000")
    assert one.teile(bereich) == teile


def test_without_a_list_of_municipalities_nothing_is_split(amt: Amt, tmp_path: Path) -> None:
    datei = directory(write(tmp_path, table("09", je_gemeinde="true")), Clock())
    assert OsciLaender(amt.client, datei, Sicherungen(8), {}, eintrag=datei.eintrag).teile("092") == ()
