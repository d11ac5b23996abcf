"""The admin API over HTTP: who may do what, from where, and that it does what the commands do."""

import http.client
import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.behoerden import konten, pruefung
from gateway.bootstrap import Instance
from gateway.envelope import pki
from gateway.envelope.signer import load_identity
from gateway.instance import certificate_files
from gateway.web.admin_ausgaben import Benutzer
from gateway.web.admin_beschreibung import ausgabe
from gateway.web.admin_wege import WEGE
from tests.betrieb import AMT
from tests.databases import KINDS, fresh_database
from tests.web.site import Site, site

pytestmark = pytest.mark.xdist_group("admin")

OWN = "Sieben-Zwerge-2026"
NEU = "dbs:090030990000"
ANTRAG = {
    "kennung": NEU,
    "name": "Landespolizei",
    "rolle": "sicherheit",
    "nummer": 1,
    "massnahmen": "Rollen, Belehrung",
    "unterschrieben": True,
    "administrator": {
        "vorname": "Petra",
        "name": "Probe",
        "email": "probe@example.org",
        "telefon": "0511 000000",
        "anschrift": "Musterweg 1, 30159 Hannover",
    },
}


@dataclass
class Client:
    """One who has logged in, or not."""

    port: int
    token: str = ""

    def __call__(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        status, answer, _ = self.whole(method, path, body, **headers)
        return status, answer

    def whole(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any, Message]:
        """With the answer's headers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            named = {"Authorization": f"Bearer {self.token}", **headers}
            data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
            connection.request(method, f"/admin/v1{path}", data, named)
            response = connection.getresponse()
            return response.status, json.loads(response.read()), response.headers
        finally:
            connection.close()

    def log_in(self, name: str, password: str) -> "Client":
        status, answer = self("POST", "/anmeldung", {"konto": name, "passwort": password})
        assert status == 200, answer
        return Client(self.port, answer["token"])


@pytest.fixture(params=KINDS, scope="module")
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("admin")
    keys = (("workers = 1", "workers = 2"), ("api_von = []", 'api_von = ["127.0.0.1"]'))
    with fresh_database(request.param, folder) as url:
        database = "" if request.param == "sqlite" else url
        with site(folder / "instance", *keys, database=database) as one:
            yield one


def account(here: Instance, name: str, rolle: str, kennung: str | None = None) -> None:
    """With a password of its own."""
    v = here.verwaltung("cli:test")
    konten.lege_an(v, name, rolle, kennung)
    first = konten.gib_haelfte(v, name, "1") + konten.gib_haelfte(v, name, "2")
    konten.waehle_passwort(v, name, first, OWN)


@pytest.fixture(scope="module")
def stranger(served: Site) -> Client:
    return Client(served.running.port)


@pytest.fixture(scope="module")
def leitung(served: Site, stranger: Client) -> Client:
    account(served.house.here, "leitung", "leitung")
    return stranger.log_in("leitung", OWN)


@pytest.fixture(scope="module")
def auskunft(served: Site, stranger: Client) -> Client:
    account(served.house.here, "auskunft", "auskunft")
    return stranger.log_in("auskunft", OWN)


def test_without_a_session_nothing_but_the_description_is_told(stranger: Client) -> None:
    for weg in WEGE:
        path = re.sub(r"\{\w+\}", "1", weg.pfad)
        assert stranger(weg.methode, path)[0] == 401, path
    status, beschreibung = stranger("GET", "/openapi.json")
    assert (status, beschreibung["openapi"]) == (200, "3.1.0")


def test_the_description_has_every_path_with_its_form(stranger: Client) -> None:
    beschreibung = stranger("GET", "/openapi.json")[1]
    for weg in WEGE:
        operation = beschreibung["paths"][f"/admin/v1{weg.pfad}"][weg.methode.lower()]
        assert operation["summary"] == weg.zweck
        assert ("requestBody" in operation) == (weg.form is not None)
        assert [part["name"] for part in operation.get("parameters", ())] == re.findall(r"\{(\w+)\}", weg.pfad)


def test_whatever_the_description_refers_to_is_in_it(stranger: Client) -> None:
    beschreibung = stranger("GET", "/openapi.json")[1]
    known = {f"#/components/schemas/{name}" for name in beschreibung["components"]["schemas"]}
    text = json.dumps(beschreibung)
    assert set(re.findall(r'"\$ref": "([^"]+)"', text)) <= known
    assert "$defs" not in text


def test_what_goes_back_is_what_the_description_names_and_no_column_more() -> None:
    zeile = {"benutzer": "m.muster", "gesperrt": None, "geheim": "x"}
    assert ausgabe(list[Benutzer], [zeile]) == [{"benutzer": "m.muster", "gesperrt": None}]
    with pytest.raises(ValidationError):
        ausgabe(list[Benutzer], [{"benutzer": "m.muster"}])


def test_who_logs_out_ends_all_sessions_of_the_account(served: Site, stranger: Client) -> None:
    account(served.house.here, "geht", "auskunft")
    one, other = stranger.log_in("geht", OWN), stranger.log_in("geht", OWN)
    assert one("POST", "/abmeldung") == (200, {})
    assert [client("GET", "/behoerden")[0] for client in (one, other)] == [401, 401]
    assert one("POST", "/abmeldung")[0] == 401
    assert stranger.log_in("geht", OWN)("GET", "/behoerden")[0] == 200


def test_a_refusal_says_in_its_headers_what_would_be_right(served: Site, stranger: Client) -> None:
    assert stranger.whole("DELETE", "/konten")[2]["Allow"] == "GET, POST"
    assert stranger.whole("GET", "/passwort")[2]["Allow"] == "POST"
    assert stranger.whole("GET", "/konten")[2]["WWW-Authenticate"] == "Bearer"
    wrong = {"konto": "eilig", "passwort": "falsch"}
    later = [stranger.whole("POST", "/anmeldung", wrong) for _ in range(6)][-1]
    assert later[0] == 429
    assert datetime.now(UTC) < parsedate_to_datetime(later[2]["Retry-After"]) < datetime.now(UTC) + timedelta(hours=1)


def test_a_first_password_must_be_changed_before_anything_else(served: Site, stranger: Client, leitung: Client) -> None:
    assert leitung("POST", "/konten", {"name": "neu", "rolle": "auskunft"})[0] == 200
    halves = [leitung("POST", f"/konten/neu/haelfte/{welche}")[1]["haelfte"] for welche in (1, 2)]
    neu = stranger.log_in("neu", "".join(halves))
    assert neu("GET", "/behoerden") == (403, {"fehler": "choose a password first"})
    changed = {"konto": "neu", "alt": "".join(halves), "neu": OWN}
    assert stranger("POST", "/passwort", changed) == (200, {})
    assert neu("GET", "/behoerden")[0] == 401  # the session of the old password is over
    assert stranger.log_in("neu", OWN)("GET", "/behoerden")[0] == 200


def test_each_role_may_do_what_the_table_gives_it_and_no_more(auskunft: Client) -> None:
    for weg in WEGE:
        path = re.sub(r"\{\w+\}", "x", weg.pfad)
        status = auskunft(weg.methode, path)[0]
        assert (status != 403) == (weg.recht in konten.ROLLEN["auskunft"]), path


def test_an_application_goes_its_way_to_an_authority_that_can_ask(
    served: Site, stranger: Client, leitung: Client
) -> None:
    status, answer = leitung("POST", "/antraege", ANTRAG)
    assert status == 200
    nummer = answer["id"]
    assert leitung("POST", f"/antraege/{nummer}/freigabe")[0] == 409
    assert leitung("POST", f"/antraege/{nummer}/pruefung") == (200, {})
    assert leitung("POST", f"/antraege/{nummer}/freigabe") == (200, {"konto": "090030990000-admin"})
    assert leitung("GET", f"/antraege/{nummer}")[1]["stand"] == "freigegeben"
    here = served.house.here
    ca = load_identity((here.path / "pki/ca.key").read_bytes(), (here.path / "pki/ca.pem").read_bytes())
    one = pki.issue_signing(ca, NEU, "Landespolizei", datetime.now(UTC))
    pki.save(one, *certificate_files(here.path, NEU))
    pem = certificate_files(here.path, NEU)[1].read_text()
    status, answer = leitung("POST", f"/behoerden/{NEU}/zertifikate", {"pem": pem})
    assert status == 200
    assert served.ask(NEU) == "01"
    assert leitung("PUT", f"/zertifikate/{answer['fingerprint']}/sperre", {"wert": True}) == (200, {})
    time.sleep(0.6)
    assert served.ask(NEU) == "fault CERTIFICATE_BLOCKED"
    shown = leitung("GET", f"/behoerden/{NEU}")[1]
    assert (shown["zertifikate"][0]["gesperrt"], shown["rolle"]) == (True, "sicherheit")


def test_an_authoritys_administrator_creates_and_locks_its_own_users_and_nobody_elses(
    served: Site, stranger: Client
) -> None:
    account(served.house.here, "amt-admin", "administrator", AMT)
    admin = stranger.log_in("amt-admin", OWN)
    assert admin("POST", f"/behoerden/{AMT}/benutzer", {"benutzer": "m.muster"}) == (200, {})
    assert admin("PUT", f"/behoerden/{AMT}/benutzer/m.muster/sperre", {"wert": True}) == (200, {})
    time.sleep(0.6)
    assert served.ask(benutzer="m.muster") == "R 17"
    assert admin("PUT", f"/behoerden/{AMT}/benutzer/m.muster/sperre", {"wert": False}) == (200, {})
    time.sleep(0.6)
    assert served.ask(benutzer="m.muster") == "01"
    assert admin("GET", f"/behoerden/{AMT}/benutzer") == (200, [{"benutzer": "m.muster", "gesperrt": None}])
    assert admin("GET", f"/behoerden/{AMT}/rechte") == (200, {})
    for method, path in (
        ("GET", "/behoerden/dbs:060030020000/benutzer"),
        ("GET", "/behoerden/dbs:060030020000/rechte"),
        ("GET", "/behoerden"),
        ("GET", f"/behoerden/{AMT}"),
        ("PUT", f"/behoerden/{AMT}/sperre"),
        ("PUT", f"/behoerden/{AMT}/rechte"),
    ):
        assert admin(method, path, {"wert": True})[0] == 403


def test_a_user_is_blocked_whatever_his_name_is_made_of(leitung: Client) -> None:
    for name, path in (("amt/meier", "amt%2Fmeier"), ("a?%b/sperre", "a%3F%25b%2Fsperre"), ("x" * 120, "x" * 120)):
        assert leitung("POST", f"/behoerden/{AMT}/benutzer", {"benutzer": name}) == (200, {})
        assert leitung("PUT", f"/behoerden/{AMT}/benutzer/{path}/sperre", {"wert": True}) == (200, {}), name
        users = {one["benutzer"]: one["gesperrt"] for one in leitung("GET", f"/behoerden/{AMT}/benutzer")[1]}
        assert users[name] == "betreiber"


def test_two_who_change_different_rights_lose_nothing_of_each_other(leitung: Client) -> None:
    path = f"/behoerden/{AMT}/rechte"
    assert leitung("PUT", path, {"phonetik": False}) == (200, {})
    for changes in ({"je_tag": 900}, {"je_sekunde": 90}, {"phonetik": None}):
        assert leitung("PATCH", path, changes) == (200, {})
    assert leitung("GET", path) == (200, {"je_sekunde": 90, "je_tag": 900})
    assert leitung("PATCH", path, {"je_tag": "viele"})[0] == 422
    assert leitung("PUT", path, {}) == (200, {})


def test_who_is_empowered_is_told_and_shown(leitung: Client) -> None:
    kennung, path = "dbs:060030099000", "/behoerden/dbs:060030099000/ermaechtigte/m.muster"
    one = {"kennung": kennung, "name": "LKA", "rolle": "sicherheit", "nummer": 1, "trotz_sperre": True}
    assert leitung("POST", "/behoerden", one) == (200, {})
    assert leitung("PUT", path, {"wert": True}) == (200, {"wirksam": True})
    shown = leitung("GET", f"/behoerden/{kennung}")[1]
    assert (shown["ermaechtigte"], shown["ermaechtigung_wartet"]) == (["m.muster"], [])
    assert leitung("PUT", path, {"wert": True})[0] == 409
    assert leitung("PUT", path, {"wert": False}) == (200, {"wirksam": True})


def test_certificates_that_end_are_listed(leitung: Client) -> None:
    assert leitung("GET", "/ablauf/30") == (200, [])
    (one,) = [row for row in leitung("GET", "/ablauf/3000")[1] if row["kennung"] == AMT]
    assert (one["letztes"], len(one["fingerprint"]), one["gueltig_bis"] > "2026") == (True, 64, True)
    assert leitung("GET", "/ablauf/bald")[0] == 409


def test_a_block_holds_within_a_second_in_every_worker(served: Site, leitung: Client) -> None:
    assert served.ask() == "01"
    assert leitung("PUT", f"/behoerden/{AMT}/sperre", {"wert": True}) == (200, {})
    time.sleep(0.9)
    assert {served.ask() for _ in range(8)} == {"fault AUTHORITY_BLOCKED"}
    assert leitung("PUT", f"/behoerden/{AMT}/sperre", {"wert": False}) == (200, {})
    time.sleep(0.9)
    assert {served.ask() for _ in range(8)} == {"01"}


def test_quotas_hold_over_the_workers(served: Site, leitung: Client) -> None:
    before = leitung("GET", f"/behoerden/{AMT}")[1]["verbrauch"]
    assert before == []  # nobody counts without a limit
    assert leitung("PUT", f"/behoerden/{AMT}/rechte", {"je_tag": 10}) == (200, {})
    time.sleep(0.6)
    outcomes = [served.ask() for _ in range(16)]
    assert (outcomes.count("01"), outcomes.count("R 17")) == (10, 6)
    assert leitung("GET", f"/behoerden/{AMT}/rechte") == (200, {"je_tag": 10})
    assert leitung("PUT", f"/behoerden/{AMT}/rechte", {}) == (200, {})
    text = served.send("GET", "/metrics").body.decode()
    assert 'xmeld_exchanges_total{codes="17 KONTINGENT_TAG",ergebnis="rueckweisung"}' in text


def test_each_change_is_recorded_with_the_account_that_made_it(served: Site, leitung: Client) -> None:
    assert leitung("PUT", f"/behoerden/{AMT}/rechte", {"phonetik": False}) == (200, {})
    assert leitung("PUT", f"/behoerden/{AMT}/rechte", {}) == (200, {})
    newest = leitung("GET", f"/aenderungen/{AMT}")[1][0]
    assert (newest["wer"], newest["was"]) == ("konto:leitung", "rechte")
    assert pruefung.pruefe(served.house.here.behoerden()).fehler == ()


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("GET", "/nirgends", None, 404, "there is no such path"),
        ("DELETE", "/behoerden", None, 405, "takes GET, POST"),
        ("GET", "/anmeldung", None, 405, "takes POST"),
        ("POST", "/antraege", b"{", 422, "Invalid JSON"),
        ("POST", "/antraege", {**ANTRAG, "farbe": 1}, 422, "farbe: unknown key"),
        ("POST", "/antraege", {**ANTRAG, "name": "a\0b"}, 422, "name: "),
        ("POST", "/antraege", {**ANTRAG, "kennung": "dbs:1"}, 422, "kennung: "),
        ("POST", "/antraege", {**ANTRAG, "unterschrieben": False}, 409, "needs the signature"),
        ("PUT", f"/behoerden/{AMT}/rechte", {"je_tag": 0}, 409, "je_tag: must be a whole number"),
        ("PUT", "/behoerden/dbs:000000000000/sperre", {"wert": True}, 404, "is not registered"),
        ("POST", f"/behoerden/{AMT}/zertifikate", {"pem": "x"}, 409, "not a certificate in PEM"),
        ("GET", "/antraege/0", None, 404, "there is no application 0"),
        ("PUT", "/konten/nobody/sperre", {"wert": True}, 404, "there is no account nobody"),
        ("PUT", f"/zertifikate/{'0' * 64}/sperre", {"wert": True}, 404, "no certificate has"),
        ("POST", "/konten/nobody/haelfte/3", None, 409, "the halves 1 and 2"),
        ("POST", "/schluesselliste", {"datei": "<a/>"}, 409, "is not the code list"),
        ("POST", "/anmeldung", {"konto": "x" * 3000, "passwort": "x"}, 422, "konto: "),
    ],
)
def test_every_refusal_says_why_in_one_line(
    leitung: Client, method: str, path: str, body: object, status: int, says: str
) -> None:
    got, answer = leitung(method, path, body)
    assert got == status
    assert says in answer["fehler"]
    assert "\n" not in answer["fehler"]


def test_a_user_name_that_postgresql_cannot_store_is_an_error_and_no_bug(leitung: Client) -> None:
    status, answer = leitung("PUT", f"/behoerden/{AMT}/benutzer/%00/sperre", {"wert": True})
    assert (status, answer) == (409, {"fehler": answer["fehler"]})


def test_logins_are_slowed_down_over_all_workers(stranger: Client) -> None:
    wrong = {"konto": "ratemal", "passwort": "falsch"}
    assert [stranger("POST", "/anmeldung", wrong)[0] for _ in range(7)] == [401] * 5 + [429] * 2


def test_with_logins_going_on_exchanges_are_answered(served: Site, stranger: Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        logins = [
            pool.submit(stranger, "POST", "/anmeldung", {"konto": f"k{number}", "passwort": "x"})
            for number in range(24)
        ]
        began = time.monotonic()
        assert served.ask() == "01"
        assert time.monotonic() - began < 2
        assert {login.result()[0] for login in logins} == {401}


def test_from_elsewhere_and_where_it_is_off_there_is_nothing(running_site: Site) -> None:
    assert running_site.send("GET", "/admin/v1/openapi.json").status == 404
    assert running_site.send("POST", "/admin/v1/anmeldung", b"{}").status == 404


def test_an_address_that_is_not_named_is_told_nothing(tmp_path: Path) -> None:
    with site(tmp_path / "instance", ("api_von = []", 'api_von = ["192.0.2.1"]')) as one:
        assert one.send("GET", "/admin/v1/openapi.json").status == 404


def test_nothing_of_what_was_sent_is_in_the_log(served: Site) -> None:
    for text in (OWN, "Petra", "probe@example.org", "m.muster", "falsch"):
        assert text not in served.running.log
