"""The instance's configuration: one TOML file, checked when it is read; an unknown key stops the start and is named."""

import ipaddress
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from gateway.errors import ConfigError

FILE = "gateway.toml"


class Section(BaseModel):
    """A table of the file: no unknown keys, no value of another type, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Http(Section):
    """Where the gateway listens and how much it lets in."""

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=1, le=65535)
    workers: int = Field(1, ge=1, le=64)
    threads: int = Field(8, ge=1, le=16)
    max_bytes: int = Field(1_000_000, ge=50_000, le=100_000_000)
    metrics_from: list[str] = ["127.0.0.1", "::1"]  # addresses that may read /metrics
    address: str = Field("", pattern=r"^(https?://\S+)?$")  # as the WSDL names it; empty: made of host and port

    @field_validator("host")
    @classmethod
    def _is_ip_address(cls, host: str) -> str:
        try:
            ipaddress.ip_address(host)
        except ValueError:
            raise ValueError("must be an IP address such as 127.0.0.1 or ::1") from None
        return host

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the listener."""
        return ipaddress.ip_address(self.host).is_loopback


class Tls(Section):
    """TLS of the listener; without a certificate plain HTTP is served, on loopback only."""

    certificate: str = ""
    key: str = ""
    client_ca: str = ""
    client_certificate: Literal["none", "optional", "required"] = "none"

    @model_validator(mode="after")
    def _complete(self) -> "Tls":
        if bool(self.certificate) != bool(self.key):
            raise ValueError("certificate and key go together")
        if self.client_certificate != "none" and not (self.certificate and self.client_ca):
            raise ValueError("client certificates need certificate, key and client_ca")
        return self


class Signatur(Section):
    """WS-Security: our own key, and whose signatures of which kind are accepted."""

    certificate: str
    key: str
    ca: list[str] = Field(min_length=1)
    crl: str = ""
    algorithms: list[str] = ["ecdsa-sha256", "ecdsa-sha384", "rsa-sha256", "rsa-sha384", "rsa-sha512"]
    min_rsa_bits: int = Field(2048, ge=2048)
    timestamp_required: bool = False
    timestamp_window_seconds: int = Field(300, ge=10, le=3600)


class Datenbank(Section):
    """SQLAlchemy URLs; relative SQLite paths are relative to the instance."""

    spiegel: str = "sqlite:///daten/spiegel.sqlite"
    behoerden: str = "sqlite:///daten/behoerden.sqlite"
    protokoll: str = "sqlite:///daten/protokoll.sqlite"


class Schluessel(Section):
    """Files with the instance's own secret keys."""

    protokoll: str = "schluessel/protokoll.key"
    merkmale: str = "schluessel/merkmale.key"


class Absenderangaben(Section):
    """Who answers, as the header of every answer says (XInneres Behoerde.Erreichbar, PostalischeInlandsanschrift)."""

    name: str
    strasse: str
    hausnummer: str
    postleitzahl: str = Field(pattern=r"^[0-9]{5}$")
    wohnort: str
    email: str
    telefon: str


class Codelisten(Section):
    """The publisher's genericode files, read at run time where they are given."""

    behoerdenschluessel: str = ""


class Dienste(Section):
    """What is answered beside Personensuche and freie Suche."""

    datenbestaetigung: bool = False  # § 39a BMG, by a message of the house


class Nacharbeit(Section):
    """What follows answers, by the worker that `serve` starts."""

    pause_seconds: int = Field(30, ge=1, le=3600)


class Zustellung(Section):
    """Where messages to Meldebehoerden and other bodies are delivered, and whose receipts count."""

    adresse: str = ""
    ca: str = ""
    stellen: dict[Annotated[str, Field(pattern=r"^[a-z]{2,8}:[0-9]{1,20}$")], str] = {}

    @property
    def adressen(self) -> list[str]:
        """All that are named."""
        return [*([self.adresse] if self.adresse else []), *self.stellen.values()]

    @model_validator(mode="after")
    def _complete(self) -> "Zustellung":
        for url in self.adressen:
            if not (_is_usable(url) and (url.startswith("https://") or _is_loopback(url))):
                raise ValueError(f"{url} must be an address with https://; plain http:// is for loopback only")
        if self.adressen and not self.ca:
            raise ValueError("addresses need a ca: whose signature on a receipt counts")
        return self


def _is_usable(url: str) -> bool:
    """Whether a client could open it: a host that DNS can have, a port, nothing that is not printable ASCII."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        return False
    return bool(host) and port != 0 and url.isascii() and url.isprintable() and " " not in url


def _is_loopback(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "http" and ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


class Config(Section):
    """The whole file."""

    land: str = Field(pattern=r"^(0[1-9]|1[0-6])$")
    gemeinden: list[Annotated[str, Field(pattern=r"^[0-9]{8}$")]] = []
    http: Http = Http()
    tls: Tls = Tls()
    signatur: Signatur
    datenbank: Datenbank = Datenbank()
    schluessel: Schluessel = Schluessel()
    absender: Absenderangaben
    codelisten: Codelisten = Codelisten()
    dienste: Dienste = Dienste()
    nacharbeit: Nacharbeit = Nacharbeit()
    zustellung: Zustellung = Zustellung()

    @model_validator(mode="after")
    def _gemeinden_of_the_land(self) -> "Config":
        if strangers := [ags for ags in self.gemeinden if not ags.startswith(self.land)]:
            raise ValueError(f"gemeinden: {strangers[0]} is not in Land {self.land}")
        return self

    @model_validator(mode="after")
    def _plain_http_only_on_loopback(self) -> "Config":
        if not self.tls.certificate and not self.http.loopback:
            raise ValueError("plain HTTP is served on loopback only: set tls.certificate and tls.key, or http.host")
        return self


def read_config(instance: Path) -> Config:
    """The instance's configuration. Raises ConfigError that names the key and what is wrong with it."""
    path = instance / FILE
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path} is missing: make an instance with 'xmeld-gateway init {instance}'") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    try:
        return Config.model_validate(table)
    except ValidationError as error:
        raise ConfigError(f"{path}: {_explain(error.errors(include_input=False))}") from None


#: What pydantic says less plainly.
_PLAINLY = {"extra_forbidden": "unknown key", "missing": "is missing"}


def _explain(errors: Sequence[Mapping[str, Any]]) -> str:
    first = errors[0]
    reason = _PLAINLY.get(first["type"], first["msg"].removeprefix("Value error, "))
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return ": ".join((*([".".join(map(str, first["loc"]))] if first["loc"] else []), reason)) + more


def database_url(url: str, instance: Path) -> str:
    """`url` with a relative SQLite path resolved against the instance."""
    prefix = "sqlite:///"
    if url.startswith(prefix) and not url.startswith("sqlite:////"):
        return f"{prefix}{(instance / url.removeprefix(prefix)).resolve()}"
    return url
