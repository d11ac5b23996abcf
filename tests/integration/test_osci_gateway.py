"""The gateway over OSCI-Transport, with processes of its own: asked through an intermediary, and asking through one."""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import islice
from urllib.request import urlopen

import pytest
from lxml import etree

from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.werte import Gemeindeschluessel
from gateway.ports import Ausfall
from osci_stub.anfrager import Addressee
from osci_stub.land import OsciStub
from osci_stub.osci.refused import FeedbackReceived
from osci_stub.register import PERSONEN
from tests.betrieb import outcome, register_authority
from tests.integration.osci_site import (
    OsciSite,
    certificates_of,
    free_port,
    may_ask,
    peer,
    prepared,
    relaying,
    served,
)
from tests.integration.osci_stubs import stub_keys
from tests.spiegel.personen import datensatz

pytestmark = pytest.mark.xdist_group("osci-gateways")

JUGENDAMT = "dbs:060010990000"
AMT3, AMT9, POLIZEI3 = "dbs:030010990000", "dbs:090010990000", "dbs:030030020000"
ZENTRALE3, ZENTRALE3_S = "dbs:030010010000", "dbs:030030010000"
ZENTRALE9, ZENTRALE9_S = "dbs:090010010000", "dbs:090040010000"
HANNOVER, S_STADT, WIESBADEN, SCHWERIN, STUMM = "03241001", "09000009", "06414000", "13004000", "15003000"
THEODORA = PERSONEN[0]


class Stumm:
    """Takes connections and never says a word."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/osci"

    def close(self) -> None:
        self._socket.close()


@dataclass(frozen=True)
class Laender:
    """Land 03 and Land 09, each a full gateway; Hessen is the stub's, Sachsen-Anhalt is silent; one intermediary."""

    drei: OsciSite
    neun: OsciSite
    stub: OsciStub

    def addressee(self, site: OsciSite) -> Addressee:
        return Addressee(site.url, site.party.cipher.certificate)


@pytest.fixture(scope="module")
def laender(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laender]:
    folder, keys = tmp_path_factory.mktemp("laender"), stub_keys()
    drei_port, neun_port = free_port(), free_port()
    with OsciStub(keys) as stub:
        drei = prepared(folder / "03", keys, keys.gateway, "03", drei_port)
        neun = prepared(folder / "09", keys, keys.behoerde, "09", neun_port)
        via = stub.intermediary.url
        hessen = peer(folder / "03", "06", stub.register.url, keys, keys.register, via)
        neun_url, drei_url = f"http://127.0.0.1:{neun_port}/osci", f"http://127.0.0.1:{drei_port}/osci"
        bayern = peer(folder / "03", "09", neun_url, keys, keys.behoerde, via, mit_message_id="true")
        stumm = Stumm()
        anhalt = peer(
            folder / "03", "15", stumm.url, keys, keys.register, stumm.url, timeout_seconds="3.0", gleichzeitig="3"
        )
        relaying(folder / "03", hessen + bayern + anhalt, ZENTRALE3, ZENTRALE3_S)
        relaying(folder / "09", peer(folder / "09", "03", drei_url, keys, keys.gateway, via), ZENTRALE9, ZENTRALE9_S)
        zentrale3 = Behoerde(ZENTRALE3, "Zentrale Stelle Niedersachsen", Rolle.EINFACH, zentrale_stelle=True)
        zentrale9 = Behoerde(ZENTRALE9, "Zentrale Stelle Bayern", Rolle.EINFACH, zentrale_stelle=True)
        may_ask(neun, zentrale3, certificates_of(keys.gateway))
        may_ask(drei, zentrale9, certificates_of(keys.behoerde))
        may_ask(neun, Behoerde(JUGENDAMT, "Jugendamt Probe", Rolle.EINFACH), certificates_of(keys.register))
        drei.lade([datensatz("H1", HANNOVER, familienname="Leinemann")])
        neun.lade([datensatz("S1", S_STADT, familienname="Isarsohn"), datensatz("S2", S_STADT, familienname="Zweimal"),
                   datensatz("S3", S_STADT, familienname="Zweimal")])  # fmt: skip
        register_authority(drei, Behoerde(POLIZEI3, "Polizei Musterland", Rolle.SICHERHEIT))
        with served(drei, keys.gateway, drei_port) as one, served(neun, keys.behoerde, neun_port) as other:
            yield Laender(one, other, stub)
        stumm.close()
        drei.close()
        neun.close()


def frage(site: OsciSite, wer: str, ags: str, familienname: str, **felder: str) -> bytes:
    return site.house.frage(
        wer,
        leser=f"ags:{ags}",
        gemeindeschluessel=Gemeindeschluessel(ags),
        familienname=familienname,
        geschlecht="w",
        **felder,
    )


def status(nachricht: bytes) -> str | None:
    return etree.fromstring(nachricht).findtext(".//{*}ergebnisstatus/code")


# -- asked over OSCI ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("message_id", [True, False])
@pytest.mark.parametrize("encrypted", [True, False])
def test_an_authority_is_answered_through_an_intermediary(laender: Laender, message_id: bool, encrypted: bool) -> None:
    asked = frage(laender.neun, JUGENDAMT, S_STADT, "Isarsohn")
    client = laender.stub.anfrager(laender.stub.keys.register, encrypted=encrypted)
    antwort = client.frage(asked, laender.addressee(laender.neun), message_id=message_id)
    assert status(antwort.nachricht) == "01"
    assert antwort.autor == laender.neun.party.signature.certificate
    (entry,) = laender.neun.house.entries(1)
    assert (entry.transport, entry.behoerde, entry.codes) == ("osci", JUGENDAMT, ("01",))


@pytest.mark.parametrize("encrypted", [True, False])
def test_the_same_over_a_delivery_without_an_explicit_dialog(laender: Laender, encrypted: bool) -> None:
    asked = frage(laender.neun, JUGENDAMT, S_STADT, "Niemand")
    client = laender.stub.anfrager(laender.stub.keys.register)
    there, via = laender.addressee(laender.neun), laender.stub.keys.intermediary
    assert status(client.stelle_zu(asked, there, via, encrypted=encrypted).nachricht) == "03"


def test_an_authority_that_is_not_registered_is_refused_and_the_code_reaches_it(laender: Laender) -> None:
    asked = frage(laender.neun, JUGENDAMT, S_STADT, "Isarsohn")
    client = laender.stub.anfrager(laender.stub.keys.behoerde)
    with pytest.raises(FeedbackReceived) as caught:
        client.frage(asked, laender.addressee(laender.neun))
    assert "9805" in caught.value.codes
    assert laender.neun.house.entries(1)[0].codes == ("AUTHORITY_UNKNOWN",)


def test_who_passes_a_request_on_cannot_have_its_answer_encrypted_for_himself(laender: Laender) -> None:
    keys = laender.stub.keys
    mixed = type(keys.register)("mixed", keys.register.signature, keys.gateway.cipher)
    with pytest.raises(FeedbackReceived):
        laender.stub.anfrager(mixed).frage(
            frage(laender.neun, JUGENDAMT, S_STADT, "Isarsohn"), laender.addressee(laender.neun)
        )
    assert laender.neun.house.entries(1)[0].codes == ("REPLY_CIPHER_FOREIGN",)


# -- asking over OSCI --------------------------------------------------------------------------------------------------


def test_an_authority_of_our_land_gets_the_answer_of_another_lands_register(laender: Laender) -> None:
    asked = laender.drei.house.frage(
        AMT3,
        leser=f"ags:{WIESBADEN}",
        gemeindeschluessel=Gemeindeschluessel(WIESBADEN),
        familienname=THEODORA.familienname,
        vornamen=THEODORA.vornamen,
        geschlecht="w",
    )
    answer = laender.drei.ask(asked, AMT3)
    assert answer.findtext(".//{*}ergebnisstatus/code") == "01"
    assert answer.findtext(".//{*}nachname/name") == THEODORA.familienname
    (entry,) = laender.drei.house.entries(1)
    assert [(weg["land"], weg["codes"][-1]) for weg in entry.vermittlung] == [("06", "01")]


def test_two_gateways_relay_queries_for_each_other(laender: Laender) -> None:
    assert laender.drei.outcome(frage(laender.drei, AMT3, S_STADT, "Isarsohn"), AMT3) == "01"
    assert laender.neun.outcome(frage(laender.neun, AMT9, HANNOVER, "Leinemann"), AMT9) == "01"
    for asking, asked, zentrale in (
        (laender.drei, laender.neun, ZENTRALE3),
        (laender.neun, laender.drei, ZENTRALE9),
    ):
        leg = next(entry for entry in asking.house.entries(2) if entry.vermittlung).vermittlung[0]
        there = next(entry for entry in asked.house.entries(2) if entry.nachricht_uuid == leg["uuid"])
        assert (there.transport, there.behoerde, there.codes) == ("osci", zentrale, ("01",))


def test_a_trefferliste_of_the_other_land_and_its_follow_up(laender: Laender) -> None:
    liste = laender.drei.ask(frage(laender.drei, AMT3, S_STADT, "Zweimal"), AMT3)
    merkmal = liste.findtext(".//{*}identifikationsmerkmal")
    follow_up = laender.drei.house.frage(AMT3, leser=f"ags:{S_STADT}", identifikationsmerkmal=merkmal)
    assert laender.drei.outcome(follow_up, AMT3) == "01"


def test_a_role_in_which_our_zentrale_stelle_is_not_known_there_is_16_with_a_sentence(laender: Laender) -> None:
    asked = laender.drei.house.frage(
        POLIZEI3,
        sicherheit=True,
        leser=f"ags:{S_STADT}",
        gemeindeschluessel=Gemeindeschluessel(S_STADT),
        geschlecht="w",
    )
    answer = laender.drei.ask(asked, POLIZEI3)
    assert answer.findtext(".//{*}grundDerRueckweisung/code") == "16"
    assert "Bayern" in str(answer.findtext(".//{*}freitext"))


def test_a_land_that_is_not_in_the_directory_is_16_with_a_sentence(laender: Laender) -> None:
    answer = laender.drei.ask(frage(laender.drei, AMT3, "16051000", "Niemand"), AMT3)
    assert answer.findtext(".//{*}freitext") == "Für Thüringen ist hier keine Verbindung eingerichtet."


def test_a_land_that_enters_the_directory_is_reached_without_restart(laender: Laender) -> None:
    folder, keys = laender.drei.house.here.path, laender.stub.keys
    file = folder / "laender.toml"
    before = file.read_text("utf-8")

    def ask() -> str:
        answer = laender.drei.ask(frage(laender.drei, AMT3, SCHWERIN, "Niemand"), AMT3)
        return answer.findtext(".//{*}freitext") or outcome(answer)

    assert ask() == Ausfall.NICHT_VERZEICHNET.value.format(land="Mecklenburg-Vorpommern")
    table = peer(folder, "13", laender.stub.register.url, keys, keys.register, laender.stub.intermediary.url)
    try:
        file.write_text(f"{before}[13]\nfarbe = 1\n", "utf-8")
        time.sleep(1.1)
        assert outcome(laender.drei.ask(frage(laender.drei, AMT3, S_STADT, "Isarsohn"), AMT3)) == "01"
        assert "the directory of peers stays as it was" in laender.drei.running.log
        file.write_text(before + table, "utf-8")
        time.sleep(1.1)
        assert ask() == "03"
    finally:
        file.write_text(before, "utf-8")


def test_a_land_that_does_not_answer_costs_its_own_callers_only(laender: Laender) -> None:
    def ask(ags: str, familienname: str = "Niemand") -> tuple[str, str]:
        answer = laender.drei.ask(frage(laender.drei, AMT3, ags, familienname), AMT3)
        return outcome(answer), str(answer.findtext(".//{*}freitext"))

    with ThreadPoolExecutor(12) as pool:
        waiting = [pool.submit(ask, STUMM) for _ in range(10)]
        refused = [job.result() for job in islice(as_completed(waiting), 7)]  # three are let through, and wait
        assert {word for word, _ in refused} == {"R 16"}
        assert {text for _, text in refused} == {
            "Es laufen zu viele Anfragen an Sachsen-Anhalt. Bitte wiederholen Sie die Anfrage."
        }
        assert ask(HANNOVER, "Leinemann")[0] == ask(S_STADT, "Isarsohn")[0] == "01"
        assert sum(not job.done() for job in waiting) == 3  # all that while
        texts = {job.result()[1] for job in waiting} - {refused[0][1]}
    assert texts == {Ausfall.ZEIT.value.format(land="Sachsen-Anhalt")}
    after = ask(STUMM)
    assert after == ("R 16", Ausfall.AUSGESETZT.value.format(land="Sachsen-Anhalt"))
    health = json.load(urlopen(laender.drei.running.url.replace("/xmeld", "/health"), timeout=10))
    assert health["laender"]["15"] == "open"
    assert health["status"] == "ok"


def test_health_and_metrics_tell_how_the_other_laender_are(laender: Laender) -> None:
    laender.drei.outcome(frage(laender.drei, AMT3, S_STADT, "Isarsohn"), AMT3)
    base = laender.drei.running.url.removesuffix("/xmeld")
    assert json.load(urlopen(f"{base}/health", timeout=10))["laender"]["09"] == "closed"
    text = urlopen(f"{base}/metrics", timeout=10).read().decode()
    assert 'xmeld_retrievals_total{code="01",land="09"}' in text
    assert "Isarsohn" not in text


def test_both_protokolle_are_intact(laender: Laender) -> None:
    laender.drei.outcome(frage(laender.drei, AMT3, S_STADT, "Isarsohn"), AMT3)
    assert laender.drei.verified() > 0
    assert laender.neun.verified() > 0
