"""`xmeld-gateway behoerde`: the authorities, their certificates and their rights."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509
from rich.table import Table

from gateway import instance
from gateway.behoerden import aenderungen, auskunft, pruefung, schluesselliste, stamm, zertifikate
from gateway.behoerden.fehler import BehoerdenError
from gateway.behoerden.kategorie import load_schluesselliste
from gateway.behoerden.register import SqlBehoerden
from gateway.behoerden.schluesselliste import Unterschied
from gateway.bootstrap import Instance
from gateway.commands import behoerde_antrag, behoerde_benutzer, behoerde_konto, behoerde_zertifikat
from gateway.commands.arguments import BenutzerArgument, KennungArgument
from gateway.envelope.pki import KeyType
from gateway.envelope.signer import Identity, load_identity
from gateway.envelope.zertifikate import fingerprint
from gateway.errors import ConfigError
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.rechte import LISTEN, als_tabelle
from gateway.terminal import InstanceOption, actor, out

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The authorities that may ask.")
app.add_typer(behoerde_antrag.app, name="antrag")
app.add_typer(behoerde_konto.app, name="konto")
app.add_typer(behoerde_benutzer.app, name="benutzer")
app.add_typer(behoerde_zertifikat.app, name="zertifikat")


@app.command(name="list")
def list_authorities(directory: InstanceOption) -> None:
    """The registered authorities, and whose certificates end soon."""
    table = Table("key", "name", "role", "state", "certificates")
    with Instance.read(directory) as here:
        behoerden = here.authorities(readonly=True)
        for behoerde in behoerden.all():
            state = "blocked" if behoerde.gesperrt else "active"
            digests = " ".join(digest[:16] for digest in behoerden.certificates(behoerde.kennung))
            table.add_row(behoerde.kennung, behoerde.name, behoerde.rolle.value, state, digests)
        out.print(table)
        tage = here.config.verwaltung.warnung_tage
        for ablauf in zertifikate.ablaufende(here.behoerden(readonly=True), datetime.now(UTC), tage):
            out.print(f"{ablauf.kennung}: the last certificate ends on {ablauf.gueltig_bis:%Y-%m-%d}")


@app.command()
def show(kennung: KennungArgument, directory: InstanceOption) -> None:
    """Everything that is registered of an authority, as JSON."""
    with Instance.read(directory) as here:
        out.print_json(data=auskunft.behoerde(here.verwaltung(actor()), kennung))


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
        behoerden, v = here.authorities(), here.verwaltung(actor())
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
        given = free_certificate(certificate, behoerden) if certificate else None
        ca = None if certificate else _issuer(here, kennung)
        if not known:
            stamm.registriere(v, behoerde)
        if ca:
            instance.issue_certificate(here.path, behoerde, ca, datetime.now(UTC), KeyType.EC)
            given = instance.issued_certificate(here.path, kennung)
        assert given is not None, "either one was named or one was issued"
        zertifikate.ordne_zu(v, kennung, given)
        added = f"certificate added{behoerde_zertifikat.wartet(v)}"
        out.print(f"{kennung}: {added if known else f'registered, role {rolle.value}'}")


@app.command()
def block(kennung: KennungArgument, directory: InstanceOption) -> None:
    """Refuse the authority from now on, within a second in every process."""
    with Instance.read(directory) as here:
        stamm.sperre(here.verwaltung(actor()), kennung, gesperrt=True)
    out.print(f"{kennung}: blocked")


@app.command()
def unblock(kennung: KennungArgument, directory: InstanceOption) -> None:
    """Lift the block."""
    with Instance.read(directory) as here:
        stamm.sperre(here.verwaltung(actor()), kennung, gesperrt=False)
    out.print(f"{kennung}: active")


@app.command()
def empower(kennung: KennungArgument, benutzer: BenutzerArgument, directory: InstanceOption) -> None:
    """Let a user of the authority receive data in spite of a block (§ 34a (6) BMG)."""
    with Instance.read(directory) as here:
        done = stamm.ermaechtige(here.verwaltung(actor()), kennung, benutzer)
    waits = "is empowered when another one says so, too: this instance wants four eyes"
    out.print(f"{kennung}: {benutzer} {'empowered' if done else waits}")


@app.command()
def disempower(kennung: KennungArgument, benutzer: BenutzerArgument, directory: InstanceOption) -> None:
    """Take that back, within a second in every process."""
    with Instance.read(directory) as here:
        stamm.entmaechtige(here.verwaltung(actor()), kennung, benutzer)
    out.print(f"{kennung}: {benutzer} no longer empowered")


@app.command()
def rechte(
    kennung: KennungArgument,
    directory: InstanceOption,
    changes: Annotated[
        list[str] | None,
        typer.Argument(help="name=value, a list with commas; name= takes a limit back. None: they are shown."),
    ] = None,
) -> None:
    """What an authority may have below its role: which data, which searches, how much, and when."""
    with Instance.read(directory) as here:
        v = here.verwaltung(actor())
        if changes:
            stamm.aendere_rechte(v, kennung, dict(map(_right, changes)))
        out.print_json(data=als_tabelle(stamm.rechte(v, kennung)))


@app.command()
def protokoll(
    kennung: KennungArgument,
    directory: InstanceOption,
    beauftragt: Annotated[bool, typer.Option("--beauftragt/--selbst", help="Here, or by the authority itself.")],
) -> None:
    """Who keeps the Protokoll of a Sicherheitsbehörde (§ 40 (3) BMG), from today on."""
    with Instance.read(directory) as here:
        stamm.beauftrage_protokoll(here.verwaltung(actor()), kennung, beauftragt=beauftragt)
    out.print(f"{kennung}: the Protokoll is kept {'here' if beauftragt else 'by the authority'}")


@app.command()
def verlauf(
    directory: InstanceOption,
    kennung: Annotated[str, typer.Argument(help="Only changes of this authority.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 20,
) -> None:
    """Who changed what and when; checks that no change was altered or removed, and nothing changed past them."""
    table = Table("no.", "when", "who", "what", "of", "before", "after")
    with Instance.read(directory) as here:
        engine = here.behoerden(readonly=True)
        for row in aenderungen.verlauf(engine, hoechstens=limit, schluessel=kennung):
            vorher, nachher = aenderungen.unterschied(row)
            of = f"{row['tabelle'].removeprefix('behoerde_')} {row['schluessel']}"
            table.add_row(str(row["nummer"]), row["zeit"][:19], row["wer"], row["was"], of, vorher, nachher)
        out.print(table)
        befund = pruefung.pruefe(engine)
    for fehler in befund.fehler:
        out.print(fehler, style="red")
    if befund.fehler:
        raise BehoerdenError(f"the record of changes is not intact: {len(befund.fehler)} finding(s)")
    out.print(f"intact: {befund.anzahl} changes, the newest has the hash {befund.spitze}")


@app.command(name="schluesselliste")
def key_list(
    file: Annotated[Path, typer.Argument(help="The publisher's list of dbs keys, genericode.")],
    directory: InstanceOption,
    apply: Annotated[
        bool, typer.Option("--apply", help="Take it over; else only what it would change is shown.")
    ] = False,
) -> None:
    """Compare a version of the key list with the one that was taken over last."""
    with Instance.read(directory) as here:
        v, neu = here.verwaltung(actor()), load_schluesselliste(file)
        vergleich = schluesselliste.uebernimm(v, neu) if apply else schluesselliste.vergleiche(v, neu)
    for u in vergleich.unterschiede:
        out.print(f"{'+' if u.vorher is None else '-' if u.nachher is None else '~'} {u.dbs} {_names(u)}")
    for text in vergleich.betroffen:
        out.print(f"registered authority: {text}", style="red")
    done = "taken over" if apply else "not taken over: --apply does"
    out.print(
        f"version {vergleich.version_vorher or '-'} to {vergleich.version_nachher}: "
        f"{len(vergleich.unterschiede)} difference(s), {done}"
    )


def _names(u: Unterschied) -> str:
    return " -> ".join(f"{one.name} ({one.kategorie})" for one in (u.vorher, u.nachher) if one)


def _right(change: str) -> tuple[str, object]:
    """`je_tag=100` as name and value."""
    name, sign, text = change.partition("=")
    if not sign:
        raise ConfigError(f"{change} is not written name=value")
    if not text:
        return name, None
    if name in LISTEN:
        return name, [one.strip() for one in text.split(",")]
    known = {"true": True, "false": False}
    return name, known[text] if text in known else int(text) if text.isdigit() else text


def _issuer(here: Instance, kennung: str) -> Identity:
    """The development CA, once it is clear that it can issue for this authority."""
    key, _ = instance.certificate_files(here.path, kennung)
    if key.exists():
        raise ConfigError(f"{key} is there already: name its certificate with --certificate, or remove it")
    return load_identity(here.read_file("pki/ca.key", "pki"), here.read_file("pki/ca.pem", "pki"))


def free_certificate(path: Path, behoerden: SqlBehoerden) -> x509.Certificate:
    """The certificate in PEM, once it is clear that no authority has it. Raises ConfigError."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise ConfigError(f"{path} is not a certificate in PEM") from None
    owner = behoerden.of_certificate(fingerprint(certificate))
    if owner is not None:
        raise ConfigError(f"{path} belongs to {owner.kennung} already")
    return certificate
