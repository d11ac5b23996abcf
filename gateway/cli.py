"""The command `xmeld-gateway`. Every error is one line on stderr and a non-zero exit."""

import os
import re
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from gateway import __version__, demo, instance, sending
from gateway.bootstrap import Instance
from gateway.commands import protokoll_auswertung, protokoll_einsicht, protokoll_leser, protokoll_schluessel
from gateway.commands.behoerde import app as behoerde_app
from gateway.commands.datenbank import app as datenbank_app
from gateway.commands.nacharbeit import app as nacharbeit_app
from gateway.commands.protokoll import app as protokoll_app
from gateway.conformance.command import app as conformance_app
from gateway.envelope.pki import KeyType
from gateway.errors import ConfigError, GatewayError
from gateway.meldewesen.werte import Gemeindeschluessel
from gateway.spiegel import laden
from gateway.spiegel.musterspiegel import mustereintraege, mustergemeinden
from gateway.spiegel.sperrluecken import sperrluecken
from gateway.terminal import InstanceOption, out, progress
from gateway.vorgang import BERLIN
from gateway.web import server
from gateway.xmeld import pack_install

_HELP = "Gateway through which authorities query a Land's population register with XMeld messages."

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None, help=_HELP
)
spiegel_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The mirror of the municipalities' registers."
)
schema_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Schema packs: the versions of XMeld that are spoken."
)
app.add_typer(spiegel_app, name="spiegel")
for commands in (protokoll_leser, protokoll_einsicht, protokoll_auswertung, protokoll_schluessel):
    commands.add_to(protokoll_app)
app.add_typer(protokoll_app, name="protokoll")
app.add_typer(schema_app, name="schema")
app.add_typer(behoerde_app, name="behoerde")
app.add_typer(datenbank_app, name="datenbank")
app.add_typer(nacharbeit_app, name="nacharbeit")
app.add_typer(conformance_app, name="conformance")


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"xmeld-gateway {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[  # its callback has ended the command
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say which release this is.")
    ] = False,
) -> None:
    pass


@app.command()
def init(
    directory: Annotated[Path, typer.Argument(help="Where to make the instance.")],
    land: Annotated[str, typer.Option(help="The Land, 01 to 16.")] = "03",
    gemeinde: Annotated[list[str] | None, typer.Option(help="AGS served; repeat. Default: the whole Land.")] = None,
    database: Annotated[str, typer.Option(help="SQLAlchemy URL; default: SQLite files in the instance.")] = "",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on loopback.")] = 8080,
    key_type: Annotated[KeyType, typer.Option(help="Keys of the development PKI.")] = KeyType.EC,
    osci: Annotated[bool, typer.Option("--osci", help="Also serve OSCI-Transport at /osci, with RSA keys.")] = False,
) -> None:
    """Make an instance.

    It gets a configuration with every key explained, a development PKI, empty stores and the sample authorities.
    """
    if not re.fullmatch("0[1-9]|1[0-6]", land):
        raise ConfigError(f"--land: {land} is not a Land, 01 to 16")
    gemeinden = tuple(_ags(value) for value in gemeinde or ())
    instance.create(directory, land=land, gemeinden=gemeinden, database=database, port=port, kind=key_type, osci=osci)
    out.print(f"made {directory}: edit {directory / 'gateway.toml'}, then: xmeld-gateway serve -i {directory}")


@app.command()
def serve(directory: InstanceOption) -> None:
    """Serve the instance until SIGTERM or Ctrl-C."""
    with Instance.read(directory) as here:
        server.serve(here)


@app.command()
def send(
    file: Annotated[Path, typer.Argument(help="An XMeld message.")],
    directory: InstanceOption,
    kennung: Annotated[str, typer.Option("--as", help="The authority that signs, e.g. dbs:060030020000.")],
    to: Annotated[str, typer.Option(help="Endpoint; default: the instance's own.")] = "",
) -> None:
    """Send a message and print the answer.

    The message is signed; the answer's signature and schema are checked before its XML is printed. An answer of the
    standard's kind, a Rueckweisung or 0910 too, is exit 0; a fault is an error. A message with a UUID that was used
    before is answered again only if nothing else in it has changed.
    """
    with Instance.read(directory) as here:
        answer = sending.ask(here, kennung, sending.read_message(file), to or server.address_of(here.config))
        sys.stdout.write(answer.decode("utf-8").rstrip("\n") + "\n")


@app.command(name="demo")
def run_demo(
    directory: Annotated[Path, typer.Option("-i", "--instance", help="Where to make the throw-away instance.")] = Path(
        ".demo"
    ),
    stay: Annotated[bool, typer.Option("--stay", help="Keep serving; say how to send a request.")] = False,
) -> None:
    """Show it at work.

    A throw-away gateway on loopback answers sample queries of several authorities.
    """
    raise typer.Exit(demo.run(directory, out, stay=stay))


@spiegel_app.command()
def load(
    file: Annotated[Path, typer.Argument(help="JSON Lines, one person each.")],
    directory: InstanceOption,
) -> None:
    """Load a file: all of it, or nothing and a list of its bad lines.

    A person's record replaces the one with the same ags and ordnungsmerkmal; {"entfernt": {"ags": …,
    "ordnungsmerkmal": …}} removes it. Only persons and streets of municipalities that the instance serves are taken.
    """
    with Instance.read(directory) as here:
        try:
            with file.open("rb") as lines:
                _load(here, lines, "loading")
        except OSError as error:
            raise ConfigError(f"{file} cannot be read: {error.strerror}") from None


@spiegel_app.command()
def sample(
    directory: InstanceOption,
    persons: Annotated[int, typer.Option(min=1, help="How many.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same persons.")] = 1,
) -> None:
    """Load synthetic persons, and the collection of awkward cases, into the mirror."""
    with Instance.read(directory) as here:
        orte = mustergemeinden(here.config.land, here.config.gemeinden)
        _load(here, mustereintraege(orte, persons, seed), "loading")


@spiegel_app.command(name="sperrluecken")
def list_sperrluecken(directory: InstanceOption) -> None:
    """Records that tell where somebody lives whose block stands in another record only.

    § 33 (4) BMG: who stores a block tells the other municipalities, which store it too. Run it after each load; exit 1
    if there are any. It is about people in danger: tell the municipalities that it names, and nobody else.
    """
    with Instance.read(directory) as here:
        heute = datetime.now(BERLIN).date().isoformat()
        luecken = sperrluecken(here.register(readonly=True), heute)
    if not luecken:
        out.print("no record tells what the block of another one hides")
        return
    table = Table("municipality", "Ordnungsmerkmal", "block stored by")
    for luecke in luecken:
        table.add_row(luecke.ags, luecke.ordnungsmerkmal, luecke.gesperrt_in)
    out.print(table)
    raise GatewayError(f"{len(luecken)} record(s) tell what another's block hides: tell their municipalities at once")


def _load(here: Instance, entries: Iterable[laden.Eintrag], what: str) -> None:
    try:
        with progress(what) as update:
            bericht = laden.lade(here.register(), entries, lambda read: update(read, None), here.config.bedient)
    except laden.LadeFehler as error:
        for fehler in error.fehler:
            typer.echo(f"line {fehler.zeile}: {fehler.grund}", err=True)
        raise
    removed = f", removed {bericht.entfernt}" if bericht.entfernt else ""
    out.print(f"loaded {bericht.personen} persons ({bericht.ersetzt} replaced), {bericht.strassen} streets{removed}")


@schema_app.command(name="list")
def list_packs(directory: InstanceOption) -> None:
    """The installed schema packs."""
    table = Table("pack", "version", "namespace", "from", "until", "messages", "files")
    for row in pack_install.installed(Instance.read(directory).packs_folder):
        days = (day.isoformat() if day else "" for day in (row.valid_from, row.valid_until))
        table.add_row(row.name, row.version, row.namespace or "", *days, " ".join(row.messages), str(row.files))
    out.print(table)


@schema_app.command(name="add")
def add_pack(
    source: Annotated[Path, typer.Argument(help="The publisher's schemas, a ZIP file or a folder.")],
    directory: InstanceOption,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of a pack with the same namespace.")
    ] = False,
) -> None:
    """Install a publisher's schemas, unchanged, beside or instead of a pack of this instance."""
    row = pack_install.add(source, Instance.read(directory).own_packs_folder(), replace=replace)
    out.print(f"installed {row.name}: {row.files} files, messages {' '.join(row.messages)}; restart the gateway")


@schema_app.command(name="check")
def check_packs(directory: InstanceOption) -> None:
    """Check every pack: manifest, checksums, and that its schemas compile."""
    findings = pack_install.check(Instance.read(directory).packs_folder)
    for finding in findings:
        out.print(f"{finding.folder}: {finding.problem or 'ok'}")
    if any(finding.problem for finding in findings):
        raise GatewayError("not every schema pack can be used")


def _ags(value: str) -> str:
    try:
        return Gemeindeschluessel(value)
    except ValueError as error:
        raise ConfigError(f"--gemeinde: {error}") from None


def main() -> None:
    """Entry point: turns what the gateway raises on purpose, and what the machine refuses, into one line.

    Exit 1 for these, 2 for a command that is not written as `--help` says, 130 after Ctrl-C.
    """
    os.umask(0o077)  # Meldedaten and keys are nobody else's
    try:
        sys.exit(app(prog_name="xmeld-gateway", standalone_mode=False))
    except typer.TyperException as error:
        _say_usage(error, getattr(error, "ctx", None))
        sys.exit(error.exit_code)
    except GatewayError as error:
        typer.echo(f"error: {error}", err=True)
    except OSError as error:
        typer.echo(f"error: {error.filename}: {error.strerror}" if error.filename else f"error: {error}", err=True)
    sys.exit(1)


def _say_usage(error: typer.TyperException, where: typer.Context | None) -> None:
    """One line; a group of commands without a word behind it shows its help."""
    command = where.command_path if where else "xmeld-gateway"
    text = " ".join(error.format_message().split())
    if where and text == " ".join(where.get_help().split()):
        typer.echo(where.get_help(), err=True)
    else:
        typer.echo(f"error: {text.rstrip('.')}; see {command} --help", err=True)


if __name__ == "__main__":
    main()
