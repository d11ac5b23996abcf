"""An instance is a directory: configuration, keys, databases, sample authorities. Made by `xmeld-gateway init`."""

import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from cryptography import x509

from gateway import migration
from gateway.bootstrap import Instance, create_databases
from gateway.config import FILE
from gateway.envelope import pki
from gateway.envelope.pki import KeyType
from gateway.envelope.signer import Identity
from gateway.envelope.zertifikate import fingerprint
from gateway.errors import ConfigError
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.protokoll.schluessel import create_merkmalschluessel, create_protokollschluessel

TEMPLATE = """\
# Configuration of an xmeld-gateway instance. Paths are relative to this file's folder.
# An unknown key stops the start and is named.

# The Land whose register this is: 01 to 16, the first two digits of its Gemeindeschluessel.
land = "{land}"

# Gemeindeschluessel (AGS) that the mirror serves. Empty: every municipality of the Land.
gemeinden = [{gemeinden}]

[http]
host = "127.0.0.1"        # an IP address; plain HTTP is served on loopback only; elsewhere TLS is required
port = {port}
workers = 1               # processes; each has its own database connections and its own chain of the Protokoll
threads = 8               # exchanges at a time in one process
max_bytes = 1_000_000     # a larger request is cut off (a real 1330 has about 23 KB)
metrics_from = ["127.0.0.1", "::1"]   # addresses that may read /metrics, and the checks behind /ready
address = ""              # URL of the endpoint as the WSDL names it; empty: made of host and port

[tls]
certificate = ""          # PEM, e.g. "pki/tls.pem"; empty: plain HTTP
key = ""                  # PEM, e.g. "pki/tls.key"
client_ca = ""            # PEM, CA of the clients' TLS certificates, e.g. "pki/ca.pem"
client_certificate = "none"   # "none", "optional" or "required"

[signatur]
certificate = "pki/gateway.pem"   # signs every reply (WS-Security X.509)
key = "pki/gateway.key"
ca = ["pki/ca.pem"]               # whose certificates are accepted from authorities
crl = "pki/ca.crl"                # revocation list of the CA, read again when it changes; empty: none is checked
crl_url = []                      # where the CAs publish their lists; fetched beside the requests into the file `crl`
crl_abstand_minuten = 60          # between two fetches
crl_frist_stunden = 0             # how long a list still counts that has ended, marked in the Protokoll; 0: not at all
algorithms = ["ecdsa-sha256", "ecdsa-sha384", "rsa-sha256", "rsa-sha384", "rsa-sha512"]
min_rsa_bits = 2048
timestamp_required = false        # true: a request without a signed wsu:Timestamp is refused
timestamp_window_seconds = 300    # how old a Timestamp may be

[datenbank]
# SQLAlchemy URLs. For PostgreSQL: "postgresql+psycopg://user@host/name"
spiegel = {spiegel}       # the mirror
behoerden = {behoerden}   # the authorities
protokoll = {protokoll}   # Protokoll (section 40 BMG)

[schluessel]
protokoll = "schluessel/protokoll.key"   # encrypts personal data in the Protokoll and signs its seals
merkmale = "schluessel/merkmale.key"     # seals Identifikationsmerkmale

[absender]                # who answers, as the header of every answer says
name = "Melderegisterdatenspiegel (Testinstanz)"
strasse = "Registerweg"
hausnummer = "1"
postleitzahl = "30159"
wohnort = "Hannover"
email = "melderegister@example.org"
telefon = "0511 000000"

[dienste]
datenbestaetigung = {datenbestaetigung}   # also answer 9910, section 39a BMG; see docs/schnittstellen.md

[einsicht]                # reading the Protokoll (section 40 (5) BMG)
vier_augen = false        # true: each purpose and reference is confirmed by a second reader

[anker]                   # the Protokoll's signed state, by which a setting back shows: see docs/betrieb.md
ordner = ""               # where the worker writes one regularly, best a mount that others keep; empty: nowhere
abstand_stunden = 24      # between two of them

[verwaltung]              # of the authorities: `xmeld-gateway behoerde`, and over HTTP under /admin/v1
vier_augen = false        # true: who releases an application is another one than who took it in or checked it;
                          # a certificate or a user past blocks (section 34a (6) BMG) counts when a second one says so
api_von = []              # addresses that may use /admin/v1, as ["127.0.0.1"]; empty: it is not served
sitzung_minuten = 15      # after which one has to log in again
warnung_tage = 60         # before an authority's last certificate ends: /ready and `behoerde list` say so

[nacharbeit]
# After an answer a worker looks whether it hid somebody, and tells whom the law names; it looks this often.
pause_seconds = 30

[zustellung]
# Who takes what follows: 1322 to Meldebehoerden, notices of section 34 (5) BMG. An address that routes by the reader's
# key takes all; a receiver with an address of its own stands below. Without an address messages wait in the outbox.
adresse = ""    # "https://..."; http:// on loopback only
ca = ""         # PEM: who issues the receivers' certificates, for TLS and for the receipts that they sign

[zustellung.stellen]
# "dbs:030030990000" = "https://..."

[codelisten]
# The publisher's key list (genericode) of the DVDV prefix dbs. Where given, an authority's role must fit its Kategorie.
behoerdenschluessel = ""
# The publisher's list of municipalities (AGS, genericode): needed where another Land wants a freie Suche of a larger
# area as one message for each Gemeinde.
gemeinden = ""

[osci]                    # OSCI-Transport 1.2 at /osci: across Laender the rule (section 2 BMeldDAV)
aktiv = {osci}
signatur = "pki/osci-signatur.pem"            # RSA; PEM beside its key, or PKCS #12 with it (then the key is "")
signatur_key = "pki/osci-signatur.key"
chiffrierung = "pki/osci-chiffrierung.pem"    # RSA; what is sent to this gateway is encrypted for it
chiffrierung_key = "pki/osci-chiffrierung.key"
passwort = ""             # a file with the password of the PKCS #12 files
ca = ["pki/ca.pem"]       # whose certificates are believed, of intermediaries, authorities and other Laender
crl = "pki/ca.crl"        # a current revocation list of each of them; empty: none is checked
crl_url = []              # where they publish them, as above; crl_abstand_minuten and crl_frist_stunden hold here too
intermediaere = []        # PEM; the signature certificates of those that may deliver, of `ca` too. Empty: nobody may
inhalt_verschluesselt = true   # false: content may be protected by the transport alone
signaturen = ["rsa-sha256", "rsa-sha384", "rsa-sha512", "pss-sha256", "pss-sha384", "pss-sha512"]   # accepted
chiffren = ["aes128-gcm", "aes192-gcm", "aes256-gcm"]   # accepted; "aes256-cbc" would be, and is not safe
hashes = ["sha256", "sha384", "sha512"]   # accepted, of signatures
oaep = ["sha256", "sha512"]               # accepted, each with MGF1 of the same hash
signatur_verfahren = "rsa-sha256"   # used
oaep_verfahren = "sha256"           # used
iv_bytes = 12             # of what we send first; 16 for libraries without IvLength. An answer has that of its request

[vermittlung]             # retrievals at other Laender for authorities of this one (section 2 (3) Nds. AG BMG)
gegenstellen = ""         # the directory of peers, see docs/schnittstellen.md; empty: nothing is asked of other Laender
gleichzeitig = 8          # exchanges that may wait for others at a time, in each process
name = ""                 # of the zentrale Stelle, in the header of its messages; empty: that of [absender]
ca = ""                   # who issues the intermediaries' TLS certificates; empty: whom the system trusts

[vermittlung.einfach]     # in whose name is retrieved for simple authorities
kennung = ""              # "dbs:{land}0010010000"
signatur = ""             # its certificate and key, as above; empty: those of [osci]
signatur_key = ""

[vermittlung.sicherheit]  # and for those of section 34 (4) S. 1 BMG
kennung = ""              # "dbs:{land}0030010000"
signatur = ""
signatur_key = ""

[vermittlung.dvdv]        # the service directory says where registers are reached, the peers file the rest
url = ""                  # "https://..." of its entry, without "/v2"; empty: it is not asked
dienst = "http://www.osci.de/xmeld{{version_compact}}/xmeld{{version_compact}}Personensuche.wsdl"   # the service's URI
token_url = ""            # empty: an entry that wants no token
client_id = ""            # empty: the certificate's fingerprint
scheme = "EmbeddedBearer" # before the token; or "Bearer"
certificate = ""          # PEM, RSA, with `key` for the signed token request
key = ""
ca = ""                   # who issues its TLS certificate; empty: whom the system trusts
ttl_seconds = 3600
cache = "daten/dvdv.json" # the last known entries, which survive its absence
plain_http = false        # true: accept intermediaries that it names with http://; OSCI encrypts either way

[betrieb]                 # what the operator sees of it, beside /ready and /metrics
log = "text"              # or "json": one object a line, with the exchange's id; see docs/betrieb.md
traces = ""               # "https://.../v1/traces" takes OpenTelemetry's OTLP over HTTP; needs xmeld-gateway[otel]
"""

FOLDERS = ("pki", "behoerden", "schluessel", "daten")


def write_skeleton(
    instance: Path,
    *,
    land: str,
    gemeinden: tuple[str, ...],
    database: str,
    port: int,
    datenbestaetigung: bool,
    osci: bool,
) -> None:
    """The folders and `gateway.toml`. Raises OSError."""
    for name in FOLDERS:
        (instance / name).mkdir(parents=True, mode=0o700)
    text = TEMPLATE.format(
        land=land,
        gemeinden=", ".join(f'"{ags}"' for ags in gemeinden),
        port=port,
        datenbestaetigung=str(datenbestaetigung).lower(),
        osci=str(osci).lower(),
        spiegel=_toml(database or "sqlite:///daten/spiegel.sqlite"),
        behoerden=_toml(_beside(database, "behoerden") or "sqlite:///daten/behoerden.sqlite"),
        protokoll=_toml(_beside(database, "protokoll") or "sqlite:///daten/protokoll.sqlite"),
    )
    (instance / FILE).write_text(text, encoding="utf-8")


def _toml(text: str) -> str:
    """A basic string of TOML, which has JSON's escapes."""
    return json.dumps(text, ensure_ascii=False)


def _beside(database: str, name: str) -> str:
    """A SQLite file has one writer: while the mirror loads, exchanges are recorded and authorities blocked."""
    if not database.startswith("sqlite"):
        return database
    path = PurePosixPath(database)
    return database.removesuffix(path.name) + f"{path.stem}-{name}{path.suffix}"


@dataclass(frozen=True)
class Muster:
    """A sample authority of a new instance."""

    behoerde: Behoerde
    zweck: str


def sample_authorities(land: str) -> tuple[Muster, ...]:
    """Those of the standard's test messages, and a simple one of the own Land with an invented key."""
    return (
        Muster(
            Behoerde("dbs:060030020000", "Polizei S Stadt", Rolle.SICHERHEIT, nummer=1),
            "Sicherheitsbehörde of the standard's test messages",
        ),
        Muster(
            Behoerde("dbs:060030010000", "Zentrale Stelle Hessen", Rolle.SICHERHEIT, zentrale_stelle=True),
            "passes on queries of the authority that a message names",
        ),
        Muster(
            Behoerde(f"dbs:{land}0010990000", "Ordnungsamt Musterstadt", Rolle.EINFACH),
            "simple authority of the own Land, invented key",
        ),
    )


def certificate_files(instance: Path, kennung: str) -> tuple[Path, Path]:
    """Key and certificate of an authority for which this instance issued one. `kennung` with its prefix."""
    stem = instance / "behoerden" / kennung.partition(":")[2]
    return stem.with_suffix(".key"), stem.with_suffix(".pem")


def make_pki(instance: Path, now: datetime, kind: KeyType) -> Identity:
    """A development CA, the gateway's signing and TLS certificates, and an empty revocation list."""
    pki_folder = instance / "pki"
    ca = pki.make_ca("xmeld-gateway development CA", now)
    pki.save(ca, pki_folder / "ca.key", pki_folder / "ca.pem")
    gateway = pki.issue_signing(ca, "xmeld-gateway", "Melderegisterdatenspiegel", now, kind)
    pki.save(gateway, pki_folder / "gateway.key", pki_folder / "gateway.pem")
    pki.save(pki.issue_tls_server(ca, now), pki_folder / "tls.key", pki_folder / "tls.pem")
    (pki_folder / "ca.crl").write_bytes(pki.make_crl(ca, (), now))
    return ca


def make_osci_keys(instance: Path, ca: Identity, now: datetime) -> None:
    """RSA keys of the gateway for OSCI-Transport, one to sign and one to be encrypted for."""
    for name, issue in (("osci-signatur", pki.issue_signing), ("osci-chiffrierung", pki.issue_cipher)):
        identity = issue(ca, f"xmeld-gateway {name}", "Melderegisterdatenspiegel", now, KeyType.RSA)
        pki.save(identity, instance / "pki" / f"{name}.key", instance / "pki" / f"{name}.pem")


def issue_certificate(instance: Path, behoerde: Behoerde, ca: Identity, now: datetime, kind: KeyType) -> str:
    """A key and certificate for an authority, into the instance's folder `behoerden`; the certificate's fingerprint."""
    identity = pki.issue_signing(ca, behoerde.kennung, behoerde.name, now, kind)
    pki.save(identity, *certificate_files(instance, behoerde.kennung))
    return fingerprint(identity.certificate)


def issued_certificate(instance: Path, kennung: str) -> x509.Certificate:
    """The certificate that this instance issued for an authority."""
    return x509.load_pem_x509_certificate(certificate_files(instance, kennung)[1].read_bytes())


def create(
    path: Path,
    *,
    land: str,
    gemeinden: tuple[str, ...],
    database: str,
    port: int,
    kind: KeyType,
    datenbestaetigung: bool = False,
    osci: bool = False,
) -> Instance:
    """A new instance with keys, empty stores and the sample authorities; all of it, or nothing.

    Raises ConfigError when the place is taken or cannot be written, StoreError when the database cannot be used.
    """
    if (path / FILE).exists():
        raise ConfigError(f"{path} is an instance already")
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ConfigError(f"{path} is there and is not an empty folder")
    draft = path.with_name(f"{path.name}.partial-{os.getpid()}")
    try:
        write_skeleton(
            draft,
            land=land,
            gemeinden=gemeinden,
            database=database,
            port=port,
            datenbestaetigung=datenbestaetigung,
            osci=osci,
        )
        _fill(draft, land, kind, osci=osci)
        draft.rename(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Instance.read(path)


def _check_empty(instance: Instance) -> None:
    """New keys do not fit another instance's Protokoll, and its authorities are not ours."""
    for store, engine in instance.stores().items():
        if migration.stand(engine, store) is not migration.Stand.EMPTY:
            raise ConfigError(f"the database of {store.title} is in use by an instance: name an empty one")


def _fill(path: Path, land: str, kind: KeyType, *, osci: bool) -> None:
    now = datetime.now(UTC)
    ca = make_pki(path, now, kind)
    if osci:
        make_osci_keys(path, ca, now)
    create_protokollschluessel(path / "schluessel" / "protokoll.key")
    create_merkmalschluessel(path / "schluessel" / "merkmale.key")
    with Instance.read(path) as instance:
        _check_empty(instance)
        create_databases(instance)
        behoerden = instance.authorities()
        for muster in sample_authorities(land):
            behoerden.add(muster.behoerde)
            issue_certificate(path, muster.behoerde, ca, now, kind)
            behoerden.add_certificate(muster.behoerde.kennung, issued_certificate(path, muster.behoerde.kennung))
