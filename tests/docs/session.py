"""A `console` block of a document as a session: what is typed, and what must be answered.

A line `$ …` or `anna$ …` is typed (by anna), with `\\` at its end it goes on in the next one. Every line below it must
come in what the command prints, in this order; others may come between. A command fails only where a line says so.
`4f0c…` stands for a word that only the run knows and is the same wherever it stands; a lone `…` for any text. A block
of another kind whose first line is `# name.toml` is a file.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROMPT = re.compile(r"(?P<wer>[a-z]*)\$ (?P<zeile>.*)")
_FILE = re.compile(r"# ([\w.-]+\.(?:toml|json))\n")
_UNKNOWN = re.compile(r"[0-9A-Za-z/]*…")


@dataclass(frozen=True)
class Datei:
    """A file that the reader writes."""

    name: str
    text: str


@dataclass(frozen=True)
class Eingabe:
    """A command, who gives it, and the lines that it must print."""

    wer: str
    zeile: str
    erwartet: tuple[str, ...]

    @property
    def scheitert(self) -> bool:
        """Whether the document says that it does not work."""
        return any(line.startswith("error:") or "Befund(e)" in line for line in self.erwartet)


@dataclass
class Unbekannte:
    """What `4f0c…` and the like have turned out to be."""

    werte: dict[str, str] = field(default_factory=dict)

    def setze_ein(self, zeile: str) -> str:
        """The line with what is known."""
        return _UNKNOWN.sub(lambda match: self.werte.get(match[0], match[0]), zeile)

    def lies(self, erwartet: str, zeile: str) -> bool:
        """Whether a printed line is the expected one; learns what it says."""
        erwartet = self.setze_ein(erwartet)
        names = [name for name in _UNKNOWN.findall(erwartet) if name != "…"]
        parts = (
            ".*" if part == "…" else r"([\w./-]+)" if part.endswith("…") else re.escape(part)
            for part in re.split(f"({_UNKNOWN.pattern})", erwartet)
        )
        found = re.fullmatch("".join(parts), zeile.strip(" │"))
        if found:
            self.werte.update(zip(names, found.groups(), strict=True))
        return found is not None

    def fehlt(self, erwartet: tuple[str, ...], gedruckt: str) -> str | None:
        """The first expected line that does not come."""
        lines = iter(gedruckt.splitlines())
        return next((one for one in erwartet if not any(self.lies(one.strip(), line) for line in lines)), None)


def schritte(markdown: str) -> Iterator[Datei | Eingabe]:
    """What a reader does, from top to bottom."""
    for kind, text in _FENCE.findall(markdown):
        if kind == "console":
            yield from _eingaben(text)
        elif file := _FILE.match(text):
            yield Datei(file[1], text[file.end() :])


def _eingaben(text: str) -> Iterator[Eingabe]:
    blocks: list[list[str]] = []
    for line in re.sub(r" *\\\n *", " ", text).splitlines():
        if _PROMPT.fullmatch(line):
            blocks.append([])
        blocks[-1].append(line)
    for first, *printed in blocks:
        prompt = _PROMPT.fullmatch(first)
        assert prompt is not None
        yield Eingabe(prompt["wer"], prompt["zeile"], tuple(line for line in printed if line.strip() not in ("", "…")))
