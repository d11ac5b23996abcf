"""`xmeld-gateway behoerde`: the authorities, their certificates and their rights."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509
from rich.table import Table

from gateway import instance
from gateway.behoerden.register import SqlBehoerden
from gateway.bootstrap import Instance
from gateway.envelope.pki import KeyType
from gateway.envelope.signer import Identity, load_identity
from gateway.envelope.zertifikate import fingerprint
from gateway.errors import ConfigError
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.terminal import InstanceOption, out

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The authorities that may ask.")

KennungArgument = Annotated[str, typer.Argument(help="The authority's key, e.g. dbs:060030020000.")]
BenutzerArgument = Annotated[str, typer.Argument(help="The user, as messages name it in `kennung`.")]


@app.command(name="list")
def list_authorities(directory: InstanceOption) -> None:
    """The registered authorities."""
    table = Table("key", "name", "role", "state", "certificates")
    with Instance.read(directory) as here:
        behoerden = here.authorities(readonly=True)
        for behoerde in behoerden.all():
            state = "blocked" if behoerde.gesperrt else "active"
            digests = " ".join(digest[:16] for digest in behoerden.certificates(behoerde.kennung))
            table.add_row(behoerde.kennung, behoerde.name, behoerde.rolle.value, state, digests)
    out.print(table)


@app.command(name="add")
def add_authority(
    kennung: KennungArgument,
    directory: InstanceOption,
    name: Annotated[str, typer.Option(help="The authority's name.")] = "",
    rolle: Annotated[Rolle, typer.Option(help="Its role.")] = Rolle.EINFACH,
    certificate: Annotated[Path | None, typer.Option(help="Its certificate, PEM. Default: one is issued.")] = None,
    zentrale_stelle: Annotated[bool, typer.Option("--zentrale-stelle", help="A Land's retrieving body.")] = False,
    azr: Annotated[bool, typer.Option("--azr", help="May search by AZR number (§ 38 (1) S. 2 BMG).")] = False,
    protokoll_beauftragt: Annotated[
        bool, typer.Option("--protokoll-beauftragt", help="Commissioned the full Protokoll (§ 40 (3) BMG).")
    ] = False,
    nummer: Annotated[int | None, typer.Option(min=1, max=13, help="Its number in § 34 (4) S. 1 BMG.")] = None,
    trotz_sperre: Annotated[
        bool, typer.Option("--trotz-sperre", help="Its empowered users see past blocks (§ 34a (6) BMG); see empower.")
    ] = False,
) -> None:
    """Register an authority with a certificate, or give a registered one a further certificate."""
    with Instance.read(directory) as here:
        behoerden = here.authorities()
        known = kennung in {behoerde.kennung for behoerde in behoerden.all()}
        rights = rolle is not Rolle.EINFACH or zentrale_stelle or azr or protokoll_beauftragt or nummer or trotz_sperre
        if known and (name or rights or certificate is None):
            raise ConfigError(f"{kennung} is registered: only --certificate adds to it")
        behoerde = Behoerde(
            kennung,
            name or kennung,
            rolle,
            azr_berechtigt=azr,
            protokoll_beauftragt=protokoll_beauftragt,
            zentrale_stelle=zentrale_stelle,
            nummer=nummer,
            trotz_sperre=trotz_sperre,
        )
        digest = free_certificate(certificate, behoerden) if certificate else ""
        ca = None if certificate else _issuer(here, kennung)
        if not known:
            behoerden.add(behoerde)
        if ca:
            digest = instance.issue_certificate(here.path, behoerde, ca, datetime.now(UTC), KeyType.EC)
        behoerden.add_certificate(kennung, digest)
        out.print(f"{kennung}: certificate added" if known else f"{kennung}: registered, role {rolle.value}")


@app.command()
def block(kennung: KennungArgument, directory: InstanceOption) -> None:
    """Refuse the authority from now on, within a second in every process."""
    with Instance.read(directory) as here:
        here.authorities().block(kennung)
    out.print(f"{kennung}: blocked")


@app.command()
def unblock(kennung: KennungArgument, directory: InstanceOption) -> None:
    """Lift the block."""
    with Instance.read(directory) as here:
        here.authorities().unblock(kennung)
    out.print(f"{kennung}: active")


@app.command()
def empower(kennung: KennungArgument, benutzer: BenutzerArgument, directory: InstanceOption) -> None:
    """Let a user of the authority receive data in spite of a block (§ 34a (6) BMG)."""
    with Instance.read(directory) as here:
        here.authorities().empower(kennung, benutzer)
    out.print(f"{kennung}: {benutzer} empowered")


@app.command()
def disempower(kennung: KennungArgument, benutzer: BenutzerArgument, directory: InstanceOption) -> None:
    """Take that back, within a second in every process."""
    with Instance.read(directory) as here:
        here.authorities().disempower(kennung, benutzer)
    out.print(f"{kennung}: {benutzer} no longer empowered")


def _issuer(here: Instance, kennung: str) -> Identity:
    """The development CA, once it is clear that it can issue for this authority."""
    key, _ = instance.certificate_files(here.path, kennung)
    if key.exists():
        raise ConfigError(f"{key} is there already: name its certificate with --certificate, or remove it")
    return load_identity(here.read_file("pki/ca.key", "pki"), here.read_file("pki/ca.pem", "pki"))


def free_certificate(path: Path, behoerden: SqlBehoerden) -> str:
    """The fingerprint of a certificate in PEM, once it is clear that no authority has it. Raises ConfigError."""
    try:
        digest = fingerprint(x509.load_pem_x509_certificate(path.read_bytes()))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise ConfigError(f"{path} is not a certificate in PEM") from None
    owner = behoerden.of_certificate(digest)
    if owner is not None:
        raise ConfigError(f"{path} belongs to {owner.kennung} already")
    return digest
