"""What the commands have in common: what they print with, and the option that names the instance."""

import os
import pwd
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

out = Console(highlight=False, markup=False, soft_wrap=True, width=None if sys.stdout.isatty() else 160)


InstanceOption = Annotated[Path, typer.Option("-i", "--instance", help="The instance's directory.")]


def actor() -> str:
    """Who runs the command, as a record of changes names it: by the process, for variables can be set."""
    sudo = os.environ.get("SUDO_USER", "") if os.getuid() == 0 else ""  # of root it says who became that
    return system_user(sudo or user())


def system_user(name: str) -> str:
    """A user of this machine, as `actor` names him."""
    return f"cli:{name}"


def user() -> str:
    """The process's user."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # nobody has this number
        return str(os.getuid())


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on a terminal, nothing elsewhere: how many are done, of how many if that is known."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(
            task, completed=done, total=total, description=what if total else f"{what}: {done}"
        )
