"""`xmeld-gateway behoerde zertifikat`: single certificates of authorities."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from gateway.behoerden import auskunft, zertifikate
from gateway.behoerden.aenderungen import Verwaltung
from gateway.bootstrap import Instance
from gateway.commands.arguments import KennungArgument
from gateway.errors import ConfigError
from gateway.terminal import InstanceOption, actor, out
from gateway.web.lage import Zertifikate

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The certificates of an authority.")

FingerprintArgument = Annotated[str, typer.Argument(help="Its fingerprint, or the first 8 or more digits.")]


@app.command(name="list")
def list_certificates(kennung: KennungArgument, directory: InstanceOption) -> None:
    """An authority's certificates; several may be valid at once."""
    table = Table("fingerprint", "subject", "serial", "from", "until", "state")
    with Instance.read(directory) as here:
        for row in auskunft.behoerde(here.verwaltung(actor()), kennung)["zertifikate"]:
            days = ((row[name] or "-")[:10] for name in ("gueltig_ab", "gueltig_bis"))
            state = "blocked" if row["gesperrt"] else "active"
            table.add_row(row["fingerprint"][:16], row["subject"] or "-", row["serial"] or "-", *days, state)
    out.print(table)


@app.command()
def ending(
    directory: InstanceOption,
    days: Annotated[int, typer.Option(min=0, max=3650, help="Within so many days, or ended already.")] = 60,
) -> None:
    """Every certificate that ends soon: authorities', the instance's own, CAs', other Laender's."""
    now, table = datetime.now(UTC), Table("whose", "which", "until", "")
    with Instance.read(directory) as here:
        for one in zertifikate.alle_ablaufenden(here.behoerden(readonly=True), now, days):
            note = "" if one.letztes else "another one is valid for longer"
            table.add_row(one.kennung, one.fingerprint[:16], f"{one.gueltig_bis:%Y-%m-%d}", note)
        for name, end in Zertifikate(here).fristen().items():
            if end.erste <= now + timedelta(days=days):
                table.add_row("gateway.toml", name, f"{end.erste:%Y-%m-%d}", "")
    out.print(table)


@app.command()
def add(
    kennung: KennungArgument,
    file: Annotated[Path, typer.Argument(help="The certificate, PEM.")],
    directory: InstanceOption,
) -> None:
    """Give an authority a further certificate."""
    try:
        certificate = zertifikate.read_certificate(file.read_bytes())
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from None
    with Instance.read(directory) as here:
        v = here.verwaltung(actor())
        fingerprint = zertifikate.ordne_zu(v, kennung, certificate)
    out.print(f"{kennung}: {fingerprint[:16]} added{wartet(v)}")


def wartet(v: Verwaltung) -> str:
    """What is to be said of a certificate that was given just now; nothing where it counts."""
    return ", blocked until another one unblocks it: this instance wants four eyes" if v.vier_augen else ""


@app.command()
def block(fingerprint: FingerprintArgument, directory: InstanceOption) -> None:
    """Refuse one certificate from now on, within a second in every process."""
    with Instance.read(directory) as here:
        zertifikate.sperre(here.verwaltung(actor()), fingerprint, gesperrt=True)
    out.print(f"{fingerprint}: blocked")


@app.command()
def unblock(fingerprint: FingerprintArgument, directory: InstanceOption) -> None:
    """Lift the block."""
    with Instance.read(directory) as here:
        zertifikate.sperre(here.verwaltung(actor()), fingerprint, gesperrt=False)
    out.print(f"{fingerprint}: active")
