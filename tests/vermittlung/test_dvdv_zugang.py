"""Asking DVDV: token, repetition, and every way in which it can disappoint."""

import json
import time
from datetime import UTC, datetime

import pytest

from gateway.envelope.signer import Identity
from gateway.errors import ConfigError
from gateway.vermittlung.dvdv_zugang import Anmeldung, DvdvError, DvdvZugang
from tests.vermittlung.dvdv_server import URI, DvdvServer, unpadded
from tests.vermittlung.peers import Clock, certificate, ec_key, identity

MUENCHEN = "ags:09162000"


@pytest.fixture
def zugang(dvdv: DvdvServer, clock: Clock) -> DvdvZugang:
    return DvdvZugang(dvdv.url, Anmeldung(dvdv.token_url, identity("wir")), timeout=0.5, clock=clock)


def test_a_service_is_found_by_organisation_key_and_service_uri(dvdv: DvdvServer, zugang: DvdvZugang) -> None:
    dienst = zugang.dienst(MUENCHEN, URI)
    assert dienst is not None
    assert dienst.weg.adressat_cipher == certificate("dvdv-adressat")
    assert dvdv.questions == [{"organizationKey": MUENCHEN, "serviceSpecificationUri": URI}]


def test_a_token_is_used_until_shortly_before_its_end(dvdv: DvdvServer, zugang: DvdvZugang, clock: Clock) -> None:
    zugang.dienst(MUENCHEN, URI)
    clock.time += dvdv.life - 31
    zugang.dienst(MUENCHEN, URI)
    assert len(dvdv.tokens) == 1
    clock.time += 2
    zugang.dienst(MUENCHEN, URI)
    assert len(dvdv.tokens) == 2
    assert dvdv.refusals == 0


@pytest.mark.parametrize(
    ("answer", "life"),
    [
        ({"accessToken": "token0", "expiresIn": 86400}, 86370),  # as the description's example has it
        ({"access_token": "token0"}, 270),
        ({"access_token": "token0", "expires_in": "soon"}, 270),
        ({"access_token": "token0", "expires_in": 10}, 5),
    ],
)
def test_a_token_is_read_however_its_fields_are_spelled(
    dvdv: DvdvServer, zugang: DvdvZugang, clock: Clock, answer: dict[str, object], life: int
) -> None:
    dvdv.token_answer = answer
    zugang.dienst(MUENCHEN, URI)
    clock.time += life - 1
    zugang.dienst(MUENCHEN, URI)
    assert len(dvdv.tokens) == 1
    clock.time += 1
    zugang.dienst(MUENCHEN, URI)
    assert len(dvdv.tokens) == 2


def test_a_refused_token_is_replaced_and_the_question_asked_once_more(dvdv: DvdvServer, zugang: DvdvZugang) -> None:
    zugang.dienst(MUENCHEN, URI)
    dvdv.valid.clear()
    assert zugang.dienst(MUENCHEN, URI) is not None
    assert (len(dvdv.tokens), dvdv.refusals) == (2, 1)


def test_a_second_refusal_is_not_repeated(dvdv: DvdvServer, zugang: DvdvZugang) -> None:
    dvdv.mood = "401"
    with pytest.raises(DvdvError, match="status 401"):
        zugang.dienst(MUENCHEN, URI)
    assert len(dvdv.questions) == 2


def test_each_assertion_is_a_new_one(dvdv: DvdvServer, zugang: DvdvZugang) -> None:
    dvdv.token_answer = {"access_token": "token9", "expires_in": 86400}
    dvdv.valid.clear()
    with pytest.raises(DvdvError):
        zugang.dienst(MUENCHEN, URI)
    first, second = (json.loads(unpadded(one.split(".")[1])) for one in dvdv.assertions)
    assert first["jti"] != second["jti"]
    assert first["exp"] - first["iat"] == 60


def test_a_certificate_that_dvdv_does_not_know_gets_no_token(dvdv: DvdvServer) -> None:
    zugang = DvdvZugang(dvdv.url, Anmeldung(dvdv.token_url, identity("fremd")))
    with pytest.raises(DvdvError, match="gives no token, but status 401"):
        zugang.dienst(MUENCHEN, URI)


def test_an_identity_of_its_own_and_another_scheme_are_for_another_iam(dvdv: DvdvServer) -> None:
    anmeldung = Anmeldung("https://iam.example/token", identity("wir"), client_id="land-03", scheme="Bearer")
    claims = json.loads(unpadded(anmeldung.assertion(datetime.now(UTC)).split(".")[1]))
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("land-03", "land-03", "https://iam.example/token")
    with pytest.raises(DvdvError, match="status 401"):
        DvdvZugang(dvdv.url, Anmeldung(dvdv.token_url, identity("wir"), scheme="Bearer")).dienst(MUENCHEN, URI)


def test_without_credentials_no_token_is_asked_for(dvdv: DvdvServer) -> None:
    with pytest.raises(DvdvError, match="status 401"):
        DvdvZugang(dvdv.url).dienst(MUENCHEN, URI)
    assert (dvdv.assertions, dvdv.refusals) == ([], 2)


def test_a_key_that_is_not_rsa_is_refused_at_start() -> None:
    with pytest.raises(ConfigError, match="RSA"):
        Anmeldung("https://iam.example/token", Identity(ec_key(), certificate("ec", with_ec=True)))


@pytest.mark.parametrize("mood", ["204", "null"])
def test_no_service_is_an_answer(dvdv: DvdvServer, zugang: DvdvZugang, mood: str) -> None:
    assert zugang.dienst("ags:05315000", URI) is None, "404 with an explanation"
    dvdv.mood = mood
    assert zugang.dienst(MUENCHEN, URI) is None


@pytest.mark.parametrize(
    ("mood", "reason"),
    [
        ("500", "answers with status 500"),
        ("400", "answers with status 400"),
        ("html_404", "answers with status 404"),
        ("garbage", "service description is not a JSON object"),
        ("list", "service description is not a JSON object"),
        ("deep", "service description is not a JSON object"),
        ("large", "more than 1048576 bytes"),
        ("hang", "timed out"),
        ("hang_token", "timed out"),
        ("token_garbage", "gives no token"),
    ],
)
def test_what_is_no_answer_is_an_error_that_repeats_nothing_of_the_question(
    dvdv: DvdvServer, zugang: DvdvZugang, mood: str, reason: str
) -> None:
    dvdv.mood = mood
    begin = time.monotonic()
    with pytest.raises(DvdvError, match=reason) as error:
        zugang.dienst(MUENCHEN, URI)
    assert time.monotonic() - begin < 2.5
    assert "09162000" not in str(error.value)


def test_a_wrong_address_is_not_taken_for_an_empty_directory(dvdv: DvdvServer) -> None:
    zugang = DvdvZugang(dvdv.base, Anmeldung(dvdv.token_url, identity("wir")))
    with pytest.raises(DvdvError, match="status 404"):
        zugang.dienst(MUENCHEN, URI)
