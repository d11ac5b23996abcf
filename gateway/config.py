"""The instance's configuration: one TOML file, checked when it is read; an unknown key stops the start and is named."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from gateway.errors import ConfigError
from gateway.sections import Address, Section, check_address, explain, read_toml

FILE = "gateway.toml"


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line without control characters")
    return text


def _ip_address(text: str) -> str:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        raise ValueError("must be an IP address such as 127.0.0.1 or ::1") from None
    return str(ipaddress.ip_address(text))  # as a connection's address is written


#: An address from which something may be asked for.
IpAddress = Annotated[str, AfterValidator(_ip_address)]

#: A text that stands in the header of every answer.
Angabe = Annotated[str, Field(min_length=1), AfterValidator(_printable)]


class Http(Section):
    """Where the gateway listens and how much it lets in."""

    host: IpAddress = "127.0.0.1"
    port: int = Field(8080, ge=1, le=65535)
    workers: int = Field(1, ge=1, le=64)
    threads: int = Field(8, ge=1, le=16)
    max_bytes: int = Field(1_000_000, ge=50_000, le=100_000_000)
    metrics_from: list[IpAddress] = Field(["127.0.0.1", "::1"])  # addresses that may read /metrics
    address: str = Field("", pattern=r"^(https?://\S+)?$")  # as the WSDL names it; empty: made of host and port

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
    crl_url: list[Annotated[str, Field(pattern=r"^https?://\S+$")]] = Field([])
    crl_abstand_minuten: int = Field(60, ge=1, le=1440)
    crl_frist_stunden: int = Field(0, ge=0, le=168)
    algorithms: list[str] = Field(["ecdsa-sha256", "ecdsa-sha384", "rsa-sha256", "rsa-sha384", "rsa-sha512"])
    min_rsa_bits: int = Field(2048, ge=2048)
    timestamp_required: bool = False
    timestamp_window_seconds: int = Field(300, ge=10, le=3600)

    @model_validator(mode="after")
    def _list_has_a_place(self) -> "Signatur":
        if self.crl_url and not self.crl:
            raise ValueError("crl_url needs crl: the file in which the lists are kept")
        return self


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

    name: Angabe
    strasse: Angabe
    hausnummer: Angabe
    postleitzahl: str = Field(pattern=r"^[0-9]{5}$")
    wohnort: Angabe
    email: Angabe
    telefon: Angabe


class Codelisten(Section):
    """The publisher's genericode files, read at run time where they are given."""

    behoerdenschluessel: str = ""
    gemeinden: str = ""


class Dienste(Section):
    """What is answered beside Personensuche and freie Suche."""

    datenbestaetigung: bool = False  # § 39a BMG, by a message of the house


class Einsicht(Section):
    """Reading the Protokoll, § 40 (5) BMG."""

    vier_augen: bool = False


class Verwaltung(Section):
    """How the register of authorities is changed, and from where over HTTP."""

    vier_augen: bool = False
    api_von: list[IpAddress] = Field([])  # addresses that may use /admin/v1; empty: it is not there
    sitzung_minuten: int = Field(15, ge=1, le=480)
    warnung_tage: int = Field(60, ge=0, le=3650)


class Nacharbeit(Section):
    """What follows answers, by the worker that `serve` starts."""

    pause_seconds: int = Field(30, ge=1, le=3600)


class Zustellung(Section):
    """Where messages to Meldebehoerden and other bodies are delivered, and whose receipts count."""

    adresse: str = ""
    ca: str = ""
    stellen: dict[Annotated[str, Field(pattern=r"^[a-z]{2,8}:[0-9]{1,20}$")], str] = Field({})

    @property
    def adressen(self) -> list[str]:
        """All that are named."""
        return [*([self.adresse] if self.adresse else []), *self.stellen.values()]

    @model_validator(mode="after")
    def _complete(self) -> "Zustellung":
        for url in self.adressen:
            check_address(url)
        if self.adressen and not self.ca:
            raise ValueError("addresses need a ca: whose signature on a receipt counts")
        return self


class Osci(Section):
    """OSCI-Transport 1.2: the endpoint `/osci`, and whose messages over it count. Keys are RSA, PEM or PKCS #12."""

    aktiv: bool = False
    signatur: str = "pki/osci-signatur.pem"  # certificate; or PKCS #12 with its key
    signatur_key: str = "pki/osci-signatur.key"
    chiffrierung: str = "pki/osci-chiffrierung.pem"
    chiffrierung_key: str = "pki/osci-chiffrierung.key"
    passwort: str = ""  # file with the password of PKCS #12 files
    ca: list[str] = Field([])
    crl: str = ""
    crl_url: list[Annotated[str, Field(pattern=r"^https?://\S+$")]] = Field([])
    intermediaere: list[str] = Field([])  # their signature certificates; empty: any that `ca` has issued
    inhalt_verschluesselt: bool = True  # § 2 BMeldDAV
    signaturen: list[str] = Field(["rsa-sha256", "rsa-sha384", "rsa-sha512", "pss-sha256", "pss-sha384", "pss-sha512"])
    chiffren: list[str] = Field(["aes128-gcm", "aes192-gcm", "aes256-gcm"])
    hashes: list[str] = Field(["sha256", "sha384", "sha512"])
    oaep: list[str] = Field(["sha256", "sha512"])
    signatur_verfahren: str = "rsa-sha256"
    oaep_verfahren: str = "sha256"
    iv_bytes: Literal[12, 16] = 12

    @model_validator(mode="after")
    def _complete(self) -> "Osci":
        if self.aktiv and not self.ca:
            raise ValueError("ca is missing: whose certificates are believed")
        if self.crl_url and not self.crl:
            raise ValueError("crl_url needs crl: the file in which the lists are kept")
        return self


class Autor(Section):
    """The zentrale Stelle in one role: its key, and the certificate by which other Laender know it."""

    kennung: str = Field("", pattern=r"^(dbs:[0-9]{12})?$")
    signatur: str = ""  # empty: that of [osci]
    signatur_key: str = ""


class Dvdv(Section):
    """The administration's service directory, which then says where each register is reached."""

    url: Address | Literal[""] = ""  # of its entry, without "/v2"; empty: it is not asked
    dienst: str = "http://www.osci.de/xmeld{version_compact}/xmeld{version_compact}Personensuche.wsdl"
    token_url: Address | Literal[""] = ""  # empty: an entry that wants no token
    client_id: str = ""  # empty: the certificate's fingerprint
    scheme: Literal["EmbeddedBearer", "Bearer"] = "EmbeddedBearer"
    certificate: str = ""
    key: str = ""
    ca: str = ""  # who issues the servers' TLS certificates; empty: whom the system trusts
    ttl_seconds: int = Field(3600, ge=60, le=604_800)
    cache: str = "daten/dvdv.json"
    plain_http: bool = False  # accept intermediaries that it names with http://

    @model_validator(mode="after")
    def _complete(self) -> "Dvdv":
        together = {"token_url": self.token_url, "certificate": self.certificate, "key": self.key}
        missing = [key for key, value in together.items() if not value]
        if missing and len(missing) < len(together):
            raise ValueError(f"{missing[0]} is missing: {', '.join(together)} go together")
        return self


class Vermittlung(Section):
    """Retrievals at other Laender for authorities of this one: § 2 (3) Nds. AG BMG."""

    gegenstellen: str = ""  # the directory of peers; empty: nothing is asked of other Laender
    gleichzeitig: int = Field(8, ge=1, le=64)
    name: str = ""  # of the zentrale Stelle; empty: that of [absender]
    ca: str = ""  # who issues the intermediaries' TLS certificates; empty: whom the system trusts
    einfach: Autor = Autor()
    sicherheit: Autor = Autor()
    dvdv: Dvdv = Dvdv()

    @model_validator(mode="after")
    def _complete(self) -> "Vermittlung":
        if self.gegenstellen and not (self.einfach.kennung and self.sicherheit.kennung):
            raise ValueError("einfach.kennung and sicherheit.kennung are missing: in whose name is retrieved")
        if self.gegenstellen and self.einfach.kennung == self.sicherheit.kennung:
            raise ValueError(
                "einfach.kennung and sicherheit.kennung are the same: other Laender tell by it who may what"
            )
        if self.dvdv.url and not self.gegenstellen:
            raise ValueError("dvdv needs gegenstellen: a Land's limits and whose signatures count stand there")
        return self


class Betrieb(Section):
    """What the operator sees of it, beside `/ready` and `/metrics`."""

    log: Literal["text", "json"] = "text"
    traces: Address | Literal[""] = ""  # where OpenTelemetry's OTLP over HTTP is taken; empty: nowhere


class Config(Section):
    """The whole file."""

    land: str = Field(pattern=r"^(0[1-9]|1[0-6])$")
    gemeinden: list[Annotated[str, Field(pattern=r"^[0-9]{8}$")]] = Field([])
    http: Http = Http()
    tls: Tls = Tls()
    signatur: Signatur
    datenbank: Datenbank = Datenbank()
    schluessel: Schluessel = Schluessel()
    absender: Absenderangaben
    codelisten: Codelisten = Codelisten()
    dienste: Dienste = Dienste()
    einsicht: Einsicht = Einsicht()
    verwaltung: Verwaltung = Verwaltung()
    nacharbeit: Nacharbeit = Nacharbeit()
    zustellung: Zustellung = Zustellung()
    osci: Osci = Osci()
    vermittlung: Vermittlung = Vermittlung()
    betrieb: Betrieb = Betrieb()

    def bedient(self, ags: str) -> bool:
        """Whether the mirror serves this municipality."""
        return ags in self.gemeinden if self.gemeinden else ags.startswith(self.land)

    @model_validator(mode="after")
    def _vermittlung_over_osci(self) -> "Config":
        if self.vermittlung.gegenstellen and not self.osci.aktiv:
            raise ValueError("vermittlung.gegenstellen needs osci.aktiv: other Laender are reached over OSCI-Transport")
        for rolle in ("einfach", "sicherheit"):
            kennung = getattr(self.vermittlung, rolle).kennung
            if kennung and not kennung.startswith(f"dbs:{self.land}"):
                raise ValueError(f"vermittlung.{rolle}.kennung is not that of a zentrale Stelle of Land {self.land}")
        return self

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
        return Config.model_validate(read_toml(path))
    except FileNotFoundError:
        raise ConfigError(f"{path} is missing: make an instance with 'xmeld-gateway init {instance}'") from None
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain(error.errors(include_input=False))}") from None


def database_url(url: str, instance: Path) -> str:
    """`url` with a relative SQLite path resolved against the instance."""
    prefix = "sqlite:///"
    if url.startswith(prefix) and not url.startswith("sqlite:////"):
        return f"{prefix}{(instance / url.removeprefix(prefix)).resolve()}"
    return url
