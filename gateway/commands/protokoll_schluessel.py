"""`xmeld-gateway protokoll key|seal`: changes the keys of the Protokoll while it is written."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import typer
from rich.table import Table

from gateway import protokoll
from gateway.bootstrap import Instance
from gateway.errors import GatewayError
from gateway.protokoll import schluesseldatei, siegelfolge, umhuellung
from gateway.protokoll.einsichtnahme import SCHLUESSEL, SIEGEL, vermerke_schluessel
from gateway.protokoll.monat import BERLIN
from gateway.protokoll.siegelwechsel import wechsle
from gateway.protokoll.zeit import from_micros
from gateway.terminal import InstanceOption, actor, out

_COPY = "copy the file to every other machine that serves this Protokoll, then:"

key = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The keys that wrap what opens contents.")
seal = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The key of the seal.")


def add_to(app: typer.Typer) -> None:
    """Adds the commands to `protokoll`."""
    app.add_typer(key, name="key")
    app.add_typer(seal, name="seal")


@key.command(name="list")
def list_keys(directory: InstanceOption) -> None:
    """The keys that wrap, and what needs them."""
    with Instance.read(directory) as here:
        stand, table = here.protokollschluessel.stand, Table("key", "state", "needed by")
        for key_id in stand.aes:
            state = "in use" if key_id == stand.neuester else "waits" if key_id == stand.wartet else "opens"
            needs = umhuellung.gebraucht(here.protokoll(readonly=True), key_id)
            table.add_row(key_id, state, umhuellung.beschreibe(needs))
        out.print(table)


@key.command(name="add")
def add_key(directory: InstanceOption) -> None:
    """Put a new key that wraps into the key file, where it waits to be taken into use."""
    with _changing(directory) as here:
        key_id = schluesseldatei.fuege_hinzu(here.protokollschluessel, partial(_record, here, SCHLUESSEL, "neu"))
        path = here.protokollschluessel.path
    out.print(f"the key {key_id} waits in {path}: {_COPY} protokoll key rewrap")


@key.command()
def rewrap(directory: InstanceOption) -> None:
    """Take the key that waits into use, and wrap everything anew with it. Broken off, it goes on the next time."""
    with _changing(directory) as here:
        keys = here.protokollschluessel
        _record(here, SCHLUESSEL, "einsetzen", keys.stand.wartet or keys.stand.neuester)
        schluesseldatei.setze_ein(keys)
        counts = umhuellung.umhuelle(here.protokoll(), keys)
        neuester, others = keys.stand.neuester, [one for one in keys.stand.aes if one != keys.stand.neuester]
        needs = {one: umhuellung.gebraucht(here.protokoll(), one) for one in others}
    out.print(f"wrapped anew with {neuester}: {umhuellung.beschreibe(counts)}")
    for one, need in needs.items():
        can_go = f"can go once every other machine has this file: protokoll key remove {one}"
        said = f"is still needed: {umhuellung.beschreibe(need)}" if need else can_go
        out.print(f"the key {one} {said}")


@key.command(name="remove")
def remove_key(
    key_id: Annotated[str, typer.Argument(metavar="KEY", help="As `list` has it.")], directory: InstanceOption
) -> None:
    """Take a key that nothing needs any more out of the key file."""
    with _changing(directory) as here:
        umhuellung.check_entbehrlich(here.protokoll(), here.protokollschluessel, key_id)
        _record(here, SCHLUESSEL, "entfernen", key_id)
        umhuellung.entferne(here.protokoll(), here.protokollschluessel, key_id)
        path = here.protokollschluessel.path
    out.print(f"the key {key_id} is out of {path}; copies of the database that need it are not opened any more")


@seal.command(name="list")
def list_seals(directory: InstanceOption) -> None:
    """The keys of the seal, and from which chain and which record of a deletion each of them seals."""
    with Instance.read(directory) as here:
        keys = here.protokollschluessel
        folge, table = siegelfolge.read(here.protokoll(readonly=True), keys), Table("key", "since", "chain", "deletion")
        for one in folge.glieder:
            since = f"{from_micros(one.seit).astimezone(BERLIN):%Y-%m-%d %H:%M}" if one.seit else "the beginning"
            table.add_row(one.id, since, f"from {one.ab_kette}", f"from {one.ab_loeschung}")
        for waiting in keys.stand.siegelschluessel:
            if waiting.id not in {one.id for one in folge.glieder}:
                table.add_row(waiting.id, "waits", "", "")
        out.print(table)


@seal.command(name="add")
def add_seal(directory: InstanceOption) -> None:
    """Put a new key of the seal into the key file, where it waits to be taken into use."""
    with _changing(directory) as here:
        key_id = schluesseldatei.fuege_siegel_hinzu(here.protokollschluessel, partial(_record, here, SIEGEL, "neu"))
        path = here.protokollschluessel.path
    out.print(f"the key {key_id} of the seal waits in {path}: {_COPY} protokoll seal change")


@seal.command()
def change(directory: InstanceOption) -> None:
    """Seal with the key that waits from now on; the old one confirms it, and goes."""
    with _changing(directory) as here:
        keys = here.protokollschluessel
        if (neu := keys.stand.siegel_neu) is None:
            raise GatewayError(f"no new key of the seal waits in {keys.path}: protokoll seal add")
        _record(here, SIEGEL, "wechsel", neu.id)
        done = wechsle(here.protokoll(), keys, datetime.now(UTC))
        schluesseldatei.setze_siegel_ein(keys)
    if done is not None and done.offen:
        out.print(f"{done.offen} heads or holds bore no seal of the old key and were left: run protokoll verify")
    out.print(f"{neu.id} seals from now on; tell it to those who check evidence, and make an anchor")


@contextmanager
def _changing(directory: InstanceOption) -> Iterator[Instance]:
    """Nobody else changes keys meanwhile."""
    with Instance.read(directory) as here, umhuellung.allein(here.protokoll()) as held:
        if not held:
            raise GatewayError("another one is changing keys just now: nothing was done")
        yield here


def _record(here: Instance, was: str, wie: str, key_id: str) -> None:
    """Who changes a key is on record, before it is done."""
    with closing(protokoll.SqlProtokoll(here.protokoll(), here.protokollschluessel)) as store:
        vermerke_schluessel(store, actor(), was, wie, key_id, datetime.now(UTC))
