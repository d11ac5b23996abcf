"""What the documents tell an operator, an auditor and an authority's administrator to type works, in that order."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import typer.main

from gateway import instance, terminal
from gateway.cli import app
from gateway.config import read_config
from gateway.envelope.pki import KeyType
from gateway.meldewesen.werte import Gemeindeschluessel, Teildatum
from tests.betrieb import betrieb
from tests.cli.conftest import Run
from tests.docs.session import Datei, Eingabe, Unbekannte, schritte
from tests.gateways import free_port, serving, set_key

ROOT = Path(__file__).parents[2]
AMT, GEMEINDE = "dbs:030010990000", "03241001"

_ANSCHRIFT = {"ags": GEMEINDE, "plz": "30159", "wohnort": "Hannover", "strasse": "Musterweg", "hausnummer": "1"}
_PERSON = {
    "ags": GEMEINDE,
    "ordnungsmerkmal": "4711",
    "familienname": "Muster",
    "vornamen": "Mara",
    "geburtsdatum": "1980-03-01",
    "geschlecht": "w",
    "wohnungen": [{"aktuell": True, "status": "0", "anschrift": {"inland": _ANSCHRIFT}}],
}

pytestmark = pytest.mark.skipif(not shutil.which("curl") or not shutil.which("openssl"), reason="no curl, or openssl")


def nothing(_: Path, __: int, ___: ExitStack) -> None:
    """The document begins with `init`."""


def with_a_message(path: Path, _: int, __: ExitStack) -> None:
    """A 1330 that asks for the README's person."""
    other = betrieb(path / "other", land="03")
    asked = {"familienname": "Mustermann", "vornamen": "Max Emil", "geschlecht": "m"}
    frage = other.frage(AMT, leser=f"ags:{GEMEINDE}", gemeindeschluessel=Gemeindeschluessel(GEMEINDE), **asked)
    (path / "frage.xml").write_bytes(frage)
    other.close()


def with_records(path: Path, _: int, __: ExitStack) -> None:
    """An instance that has answered something, and the script that its auditor has."""
    house = betrieb(path / "land", land="03")
    house.lade([_PERSON])
    fall = {name: _PERSON[name] for name in ("familienname", "vornamen")}
    fall |= {"geburtsdatum": Teildatum("1980-03-01"), "gemeindeschluessel": Gemeindeschluessel(GEMEINDE)}
    for benutzer in ("m.amt", "n.amt"):
        assert house.ask(AMT, leser=f"ags:{GEMEINDE}", benutzer=benutzer, **fall) == "01"
    house.close()
    shutil.copy(ROOT / "gateway/protokoll/pruefskript/pruefe_protokoll.py", path)


def served(path: Path, port: int, stack: ExitStack) -> None:
    """An instance whose admin API can be reached."""
    here = path / "land"
    instance.create(here, land="03", gemeinden=(), database="", port=port, kind=KeyType.EC).close()
    set_key(here, "api_von = []", 'api_von = ["127.0.0.1"]')
    stack.enter_context(serving(here, port))


@dataclass
class Reader:
    """Somebody at a terminal who does what a document says."""

    path: Path
    port: int
    run: Run
    user: Callable[[str], None]
    stack: ExitStack
    unbekannte: Unbekannte = field(default_factory=Unbekannte)

    def do(self, step: Datei | Eingabe) -> None:
        if isinstance(step, Datei):
            (self.path / step.name).write_text(self.unbekannte.setze_ein(step.text), encoding="utf-8")
            return
        line = self.unbekannte.setze_ein(step.zeile).replace("8080", str(self.port))
        line = line.replace("https://register.example.org", f"http://127.0.0.1:{self.port}")
        line = re.sub("2026-(?=01-01|12-31)", f"{date.today():%Y}-", line)  # the year's first and last day
        code, printed = self.type(step.wer or "anna", line)
        assert (code != 0) == step.scheitert, f"{line}\n{printed}"
        assert not (missing := self.unbekannte.fehlt(step.erwartet, printed)), f"{line}\n{missing}\nnot in\n{printed}"

    def type(self, wer: str, line: str) -> tuple[int, str]:
        if serve := re.fullmatch(r"xmeld-gateway serve -i (\S+) &", line):
            here = self.path / serve[1]
            scheme = "https" if read_config(here).tls.certificate else "http"
            self.stack.enter_context(serving(here, self.port, scheme=scheme))
            return 0, ""
        if line == "kill %1":
            self.stack.close()
            return 0, ""
        if line.startswith("xmeld-gateway "):
            self.user(wer)
            done = self.run(*shlex.split(line)[1:])
            return done.code, done.out + done.err
        line = re.sub(r"^python3 ", f"{shlex.quote(sys.executable)} ", line)
        shell = subprocess.run(
            ["bash", "-c", line], cwd=self.path, capture_output=True, text=True, timeout=60, check=False
        )
        return shell.returncode, shell.stdout + shell.stderr


@pytest.fixture
def reader(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SUDO_USER", raising=False)
    with ExitStack() as stack:
        yield Reader(tmp_path, free_port(), run, lambda wer: monkeypatch.setattr(terminal, "user", lambda: wer), stack)


@pytest.mark.parametrize(
    ("document", "prepare"),
    [
        ("README.md", with_a_message),
        ("docs/betrieb.md", nothing),
        ("docs/pruefung.md", with_records),
        ("docs/behoerde.md", served),
    ],
)
def test_what_a_document_says_works_in_its_order(
    reader: Reader, document: str, prepare: Callable[[Path, int, ExitStack], None]
) -> None:
    prepare(reader.path, reader.port, reader.stack)
    done = [reader.do(step) for step in schritte((ROOT / document).read_text(encoding="utf-8"))]
    assert len(done) > 5


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/*.md")), ids=lambda path: path.name)
def test_what_a_document_links_to_is_there(path: Path) -> None:
    for link, place in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", path.read_text(encoding="utf-8")):
        target = path.parent / link if link else path
        assert target.exists(), link
        headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE) if place else []
        assert not place or place in [heading.lower().replace(" ", "-") for heading in headings], place


def commands(group: Any, *above: str) -> Iterator[tuple[str, ...]]:
    """The words of every command, as `("behoerde", "konto", "add")`."""
    for name, command in group.commands.items():
        yield from commands(command, *above, name) if hasattr(command, "commands") else [(*above, name)]


def test_the_readme_names_every_command() -> None:
    rows = re.findall(r"^\| `.*?\|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    known = [set(re.findall(r"[a-z-]+", " ".join(re.findall(r"`[^`]*`", row)))) for row in rows]
    missing = [
        words for words in commands(typer.main.get_command(app)) if not any({*words[:2]} <= row for row in known)
    ]
    assert not missing
