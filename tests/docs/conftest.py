"""The command in this process, as the tests of single commands have it."""

from tests.cli.conftest import run

__all__ = ["run"]
