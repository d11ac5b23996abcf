"""An instance that asks other Laender: what its configuration must say, and what is made of it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway import instance
from gateway.abruf.vermittlung import FRIST
from gateway.bootstrap import Instance, build_gateway
from gateway.bootstrap_osci import build_osci, policy, with_vermittlung
from gateway.envelope.pki import KeyType
from gateway.errors import ConfigError
from gateway.meldewesen.behoerde import Rolle
from gateway.ports import Ausfall, LandNichtErreichbar
from gateway.vorgang import Gateway
from gateway.web.lage import Zertifikate
from gateway.web.server import GRACE_VERMITTLUNG
from tests.gateways import set_key
from tests.vermittlung.peers import table, write

EINFACH, SICHERHEIT = "dbs:030010010000", "dbs:030030010000"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("einrichtung") / "instance"
    instance.create(path, land="03", gemeinden=(), database="", port=8080, kind=KeyType.EC, osci=True).close()
    write(path, table("09"))
    set_key(path, 'gegenstellen = ""', 'gegenstellen = "gegenstellen.toml"')
    for kennung in (EINFACH, SICHERHEIT):
        set_key(path, 'kennung = ""', f'kennung = "{kennung}"')
    return path


def test_the_peers_certificates_are_watched_and_a_changed_directory_is_seen(made: Path) -> None:
    with Instance.read(made) as here:
        ends = Zertifikate(here).fristen()
    watched = {name for name in ends if name.startswith("gegenstelle 09 ")}
    assert {name.split()[2] for name in watched} == {"adressat_cipher", "intermediaer_cipher", "autoren"}
    assert "signatur.ca" in ends


@pytest.fixture
def own(made: Path) -> Iterator[Path]:
    """With a configuration that the test may change."""
    files = [made / "gateway.toml", made / "gegenstellen.toml"]
    before = [file.read_bytes() for file in files]
    yield made
    for file, content in zip(files, before, strict=True):
        file.write_bytes(content)


@pytest.fixture(scope="module")
def gateway(made: Path) -> Gateway:
    with Instance.read(made) as here:
        return with_vermittlung(build_gateway(here), here)


def test_nobody_may_deliver_whom_the_instance_does_not_name_and_it_says_so(
    made: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Those who ask have certificates of the same CA as an intermediary."""
    with Instance.read(made) as here:
        assert policy(here).intermediaere == frozenset()
        assert build_osci(here) is not None
    assert "osci.intermediaere is empty: nobody may deliver at /osci" in caplog.text


def test_for_every_role_there_is_one_in_whose_name_is_retrieved(gateway: Gateway) -> None:
    assert gateway.vermittlung is not None
    assert gateway.vermittlung.kennungen == {
        Rolle.EINFACH: EINFACH, Rolle.SICHERHEIT: SICHERHEIT, Rolle.FIU: SICHERHEIT
    }  # fmt: skip


def test_who_waits_for_dvdv_takes_no_thread_from_others(own: Path) -> None:
    set_key(own, 'url = ""  ', 'url = "https://dvdv.example.org/"  ')
    with Instance.read(own) as here:
        gateway = with_vermittlung(build_gateway(here), here)
    assert gateway.wartende == 8 + 4


def test_a_land_that_wants_single_gemeinden_needs_the_list_of_them(own: Path) -> None:
    write(own, table("09", je_gemeinde="true"))
    with Instance.read(own) as here, pytest.raises(ConfigError, match=r"09: je_gemeinde .* set codelisten\.gemeinden"):
        with_vermittlung(build_gateway(here), here)


@pytest.mark.parametrize(("kennung", "says"), [
    (EINFACH, "are the same"), ("dbs:060030010000", "is not that of a zentrale Stelle of Land 03")
])  # fmt: skip
def test_the_two_roles_have_keys_of_their_own_and_of_this_land(own: Path, kennung: str, says: str) -> None:
    set_key(own, f'kennung = "{SICHERHEIT}"', f'kennung = "{kennung}"')
    with pytest.raises(ConfigError, match=says):
        Instance.read(own)


def test_a_worker_that_stops_is_not_killed_while_another_land_may_still_answer() -> None:
    assert FRIST.total_seconds() + 120 <= GRACE_VERMITTLUNG


def test_a_land_of_which_the_file_says_nothing_is_not_reached(gateway: Gateway) -> None:
    assert gateway.vermittlung is not None
    with pytest.raises(LandNichtErreichbar) as caught:
        gateway.vermittlung.laender.rufe_ab("16051000", "25.11a", EINFACH, b"", datetime.now(UTC))
    assert caught.value.grund is Ausfall.NICHT_VERZEICHNET
    assert gateway.vermittlung.laender.teile("16") == ()
