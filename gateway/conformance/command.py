"""`xmeld-gateway conformance`: the law's examples and whether they hold, as a table."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from gateway.conformance.anlage import Suche, Zeile, zeilen
from gateway.conformance.pruefstand import pruefstand
from gateway.conformance.suchen import JA, NEIN
from gateway.errors import GatewayError
from gateway.terminal import out, progress

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Does the gateway find whom the law says it finds?")


@app.command()
def anlage(
    suche: Annotated[Suche | None, typer.Option(help="Only the rows of this search.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only the rows that do not hold.")] = False,
    database: Annotated[str, typer.Option(help="URL of PostgreSQL; default: SQLite in a temporary folder.")] = "",
) -> None:
    """Hold the examples of the Anlage of BMeldDAV against a throw-away gateway.

    Each row is a signed request through the whole exchange; its verdict is what the answer says. Nothing is left.
    """
    suchen = [suche] if suche else list(Suche)
    asked = [zeile for zeile in zeilen() if zeile.suche in suchen]
    verdicts = _ask(asked, database)
    wrong = sum(not _holds(zeile, was) for zeile, was in zip(asked, verdicts, strict=True))
    if wrong or not failed:
        out.print(_table(asked, verdicts, failed=failed))
    out.print(f"{len(asked) - wrong} of {len(asked)} hold ({', '.join(suchen)})")
    if wrong:
        raise GatewayError(f"{wrong} row(s) of the Anlage do not hold")


def _ask(asked: Sequence[Zeile], database: str) -> list[str]:
    verdicts = []
    with progress("asking") as update, pruefstand(asked, database) as stand:
        for done, zeile in enumerate(asked, start=1):
            verdicts.append(stand.urteil(zeile))
            update(done, len(asked))
    return verdicts


def _must_be(zeile: Zeile) -> str:
    return JA if zeile.enthalten else NEIN


def _holds(zeile: Zeile, was: str) -> bool:
    return was == _must_be(zeile)


def _table(asked: Sequence[Zeile], verdicts: Sequence[str], *, failed: bool) -> Table:
    table = Table()
    table.add_column("no.", justify="right")
    for name in ("search", "Anlage", "DSMeld", "register", "query", "must be", "was"):
        table.add_column(name)
    for zeile, was in zip(asked, verdicts, strict=True):
        holds = _holds(zeile, was)
        if holds and failed:
            continue
        cells = (zeile.suche, zeile.anlage, zeile.dsmeld, zeile.register, zeile.auswahl, _must_be(zeile), was)
        table.add_row(str(zeile.nummer), *cells, style="" if holds else "red")
    return table
