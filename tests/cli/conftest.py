"""The command's own entry point, called in this process, and an instance to call it with."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway import instance, terminal
from gateway.cli import main
from gateway.envelope.pki import KeyType


@dataclass(frozen=True)
class Done:
    """Exit code and what was printed."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line of an error."""
        assert self.code == 1, self
        assert self.err.endswith("\n")
        (line,) = self.err.splitlines()
        assert line.startswith("error: "), line
        return line.removeprefix("error: ")


Run = Callable[..., Done]
Become = Callable[[str], None]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`xmeld-gateway` with these words."""

    def call(*words: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["xmeld-gateway", *map(str, words)])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        printed = capsys.readouterr()
        return Done(code, printed.out, printed.err)

    return call


@pytest.fixture
def become(monkeypatch: pytest.MonkeyPatch) -> Become:
    """Makes a system user the one who runs the commands."""
    monkeypatch.delenv("SUDO_USER", raising=False)
    return lambda name: monkeypatch.setattr(terminal, "user", lambda: name)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance that tests may ask, load and add to."""
    path = tmp_path_factory.mktemp("cli") / "instance"
    instance.create(path, land="03", gemeinden=(), database="", port=8080, kind=KeyType.EC).close()
    return path


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """An instance that the test may break."""
    path = tmp_path / "instance"
    instance.create(path, land="03", gemeinden=(), database="", port=8080, kind=KeyType.EC).close()
    return path
