"""TLS: the server's certificate, client certificates optional and required, no version below 1.2."""

import ssl
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from gateway import instance
from gateway.bootstrap import Instance
from gateway.envelope import pki
from gateway.sending import ask
from gateway.zustellung.http import SendError, Trust, post
from tests.betrieb import AMT, outcome
from tests.web.site import Site, site

pytestmark = pytest.mark.xdist_group("tls")

SERVER = (('certificate = ""  ', 'certificate = "pki/tls.pem"'), ('key = ""  ', 'key = "pki/tls.key"'))


@pytest.fixture(scope="module", params=["none", "optional", "required"])
def secure(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    mode = ('client_certificate = "none"', f'client_certificate = "{request.param}"')
    ca = ('client_ca = ""', 'client_ca = "pki/ca.pem"')
    with site(tmp_path_factory.mktemp("tls") / "instance", *SERVER, mode, ca, scheme="https") as one:
        yield one


def mode_of(secure: Site) -> str:
    return Instance.read(secure.house.here.path).config.tls.client_certificate


def shown(secure: Site) -> tuple[Path, Path]:
    key, certificate = instance.certificate_files(secure.house.here.path, AMT)
    return certificate, key


def end(secure: Site, client: tuple[Path, Path] | None) -> str:
    """How it ends; "refused" when there is no answer."""
    try:
        reply = post(
            secure.running.url, secure.signed(), trust=Trust(secure.house.here.path / "pki/ca.pem"), client=client
        )
    except SendError:
        return "refused"
    return secure.outcome(reply.body)


def test_with_a_client_certificate_of_the_ca_there_is_an_answer(secure: Site) -> None:
    assert end(secure, shown(secure)) == "01"


def test_send_shows_the_certificate_that_it_signs_with(secure: Site) -> None:
    house = secure.house
    assert outcome(etree.fromstring(ask(house.here, AMT, house.frage(geschlecht="w"), secure.running.url))) == "01"


def test_without_a_client_certificate_there_is_an_exchange_only_where_none_is_required(secure: Site) -> None:
    before = secure.records()
    refused = mode_of(secure) == "required"
    assert end(secure, None) == ("refused" if refused else "01")
    assert secure.records() == before + (0 if refused else 1)


def test_a_client_certificate_of_another_ca_is_refused_wherever_one_is_asked_for(secure: Site, tmp_path: Path) -> None:
    stranger = pki.issue_signing(pki.make_ca("Stranger", datetime.now(UTC)), AMT, "Stranger", datetime.now(UTC))
    pki.save(stranger, tmp_path / "key", tmp_path / "certificate")
    before = secure.records()
    refused = mode_of(secure) != "none"
    assert end(secure, (tmp_path / "certificate", tmp_path / "key")) == ("refused" if refused else "01")
    assert secure.records() == before + (0 if refused else 1)


def test_a_client_that_does_not_know_the_ca_refuses_the_gateway(secure: Site) -> None:
    with pytest.raises(SendError, match="certificate verify failed"):
        post(secure.running.url, secure.signed(), client=shown(secure))


def test_plain_http_gets_nothing_from_a_tls_port(secure: Site) -> None:
    with pytest.raises(SendError):
        post(secure.running.url.replace("https", "http"), secure.signed())


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken_and_nothing_older(secure: Site, version: ssl.TLSVersion) -> None:
    context = ssl.create_default_context(cafile=str(secure.house.here.path / "pki/ca.pem"))
    context.load_cert_chain(*shown(secure))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with secure.connect() as connection:
        if version < ssl.TLSVersion.TLSv1_2:
            with pytest.raises(ssl.SSLError, match="ALERT"):
                context.wrap_socket(connection, server_hostname="localhost")
        else:
            with context.wrap_socket(connection, server_hostname="localhost") as wrapped:
                assert wrapped.version() == version.name.replace("_", ".")
