"""gateway.toml: what init writes, and that every mistake in it is named."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from gateway.config import Config, read_config
from gateway.errors import ConfigError
from tests.cli.conftest import Run
from tests.gateways import set_key


def keys(model: type[BaseModel], table: str = "") -> dict[str, Any]:
    """Every key of the configuration with its default, by its full name."""
    found: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found |= keys(field.annotation, f"{table}{name}.")
        else:
            found[f"{table}{name}"] = ... if field.is_required() else field.default
    return found


def written(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in table.items():
        found |= written(value, f"{prefix}{name}.") if value and isinstance(value, dict) else {f"{prefix}{name}": value}
    return found


def test_init_writes_every_key_with_its_default_and_explains_it(made: Path) -> None:
    text = (made / "gateway.toml").read_text(encoding="utf-8")
    file = written(tomllib.loads(text))
    defaults = keys(Config)
    assert file.keys() == defaults.keys()
    # required keys are the template's own choice, and what needs the PKI is on in an instance that has one
    differing = {name for name, value in defaults.items() if value is not ... and file[name] != value}
    assert differing == {"signatur.crl", "osci.ca", "osci.crl"}
    assert text.count("#") > 20


@pytest.mark.parametrize(
    ("line", "by", "says"),
    [
        ("workers = 1", "worker = 1", "http.worker: unknown key"),
        ("[http]", "[https]", "https: unknown key"),
        ('adresse = ""', 'adresse = "https://melde..example.org/"', "must be an address with https://"),
        ('adresse = ""', 'adresse = "https://exa mple.org/"', "must be an address with https://"),
        ('adresse = ""', 'adresse = "https://h:99999/"', "must be an address with https://"),
        ('adresse = ""', 'adresse = "https://"', "must be an address with https://"),
        ('adresse = ""', 'adresse = "http://192.0.2.1/x"', "plain http:// is for loopback only"),
        ('adresse = ""', 'adresse = "https://example.org/"', "addresses need a ca"),
        ("pause_seconds = 30", "pause_seconds = 0", "nacharbeit.pause_seconds: Input should be greater"),
        ('log = "text"', 'log = "xml"', "betrieb.log: Input should be 'text' or 'json'"),
        ('traces = ""', 'traces = "http://192.0.2.1/v1/traces"', "plain http:// is for loopback only"),
        ("iv_bytes = 12", "iv_bytes = 13", "osci.iv_bytes: Input should be 12 or 16"),
        ('gegenstellen = ""', 'gegenstellen = "laender.toml"', "einfach.kennung and sicherheit.kennung are missing"),
        ('kennung = ""', 'kennung = "dbs:03"', "vermittlung.einfach.kennung: String should match"),
        ('token_url = ""', 'token_url = "https://dvdv.example.org/"', "vermittlung.dvdv: certificate is missing"),
        ('url = ""  ', 'url = "https://dvdv.example.org/"  ', "vermittlung: dvdv needs gegenstellen"),
        ('url = ""  ', 'url = "http://dvdv.example.org/"  ', "plain http:// is for loopback only"),
        ("[http]", "farbe = 1\n[http]", "farbe: unknown key"),
        ('land = "03"', 'land = "17"', "land: String should match"),
        ('land = "03"', "land = 3", "land: Input should be a valid string"),
        ('land = "03"', "", "land: is missing"),
        ("port = 8080", 'port = "8080"', "http.port: Input should be a valid integer"),
        ("port = 8080", "port = 0", "http.port: Input should be greater than or equal to 1"),
        ("workers = 1", "workers = true", "http.workers: Input should be a valid integer"),
        ("max_bytes = 1_000_000", "max_bytes = 10", "http.max_bytes: Input should be greater"),
        ('address = ""', 'address = "register.example.org"', "http.address: String should match"),
        ('host = "127.0.0.1"', 'host = "0.0.0.0"', "plain HTTP is served on loopback only"),
        ('host = "127.0.0.1"', 'host = "::"', "plain HTTP is served on loopback only"),
        ('host = "127.0.0.1"', 'host = "localhost"', "http.host: must be an IP address"),
        ("metrics_from = [", 'metrics_from = ["10.0.0.0/8", ', "http.metrics_from.0: must be an IP address"),
        ("api_von = []", 'api_von = ["intranet"]', "verwaltung.api_von.0: must be an IP address"),
        ('strasse = "Registerweg"', 'strasse = ""', "absender.strasse: String should have at least 1 character"),
        ('strasse = "Registerweg"', 'strasse = "Weg\\n1"', "absender.strasse: must be one line"),
        ('certificate = ""  ', 'certificate = "pki/tls.pem"', "tls: certificate and key go together"),
        ('"none"  ', '"required"', "tls: client certificates need certificate, key and client_ca"),
        ('client_certificate = "none"', 'client_certificate = "sometimes"', "tls.client_certificate: Input should be"),
        ("gemeinden = []", 'gemeinden = ["3241001"]', "gemeinden.0: String should match"),
        ("gemeinden = []", 'gemeinden = ["09162000"]', "gemeinden: 09162000 is not in Land 03"),
        ('ca = ["pki/ca.pem"]', "ca = []", "signatur.ca: List should have at least 1 item"),
        ('postleitzahl = "30159"', 'postleitzahl = "3015"', "absender.postleitzahl: String should match"),
        ("[tls]", "[tls", "cannot be read: "),
        ('land = "03"', 'land = "03"\nland = "03"', "cannot be read: "),
    ],
)
def test_a_mistake_is_named_with_its_table(run: Run, own: Path, line: str, by: str, says: str) -> None:
    set_key(own, line, by)
    error = run("serve", "-i", own).error
    assert error.startswith(f"{own / 'gateway.toml'}")
    assert says in error


def test_an_address_is_compared_as_a_connection_has_it(own: Path) -> None:
    set_key(own, "api_von = []", 'api_von = ["0:0:0:0:0:0:0:1", "FE80::A"]')
    assert read_config(own).verwaltung.api_von == ["::1", "fe80::a"]


def test_several_mistakes_are_counted(run: Run, own: Path) -> None:
    set_key(own, "workers = 1", "worker = 1")
    set_key(own, "threads = 8", "threads = 0")
    assert run("serve", "-i", own).error.endswith("(and 1 more)")


def test_a_file_that_is_not_utf8_is_named(own: Path) -> None:
    (own / "gateway.toml").write_bytes(b'land = "\xff"')
    with pytest.raises(ConfigError, match=r"gateway\.toml cannot be read: "):
        read_config(own)


def test_a_missing_instance_is_told_how_to_make_one(run: Run, tmp_path: Path) -> None:
    for words in (("serve",), ("spiegel", "sample", "--persons", "1"), ("protokoll", "verify"), ("behoerde", "list")):
        assert f"xmeld-gateway init {tmp_path}" in run(*words, "-i", tmp_path).error


def test_importing_the_command_warns_of_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "import gateway.config"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
