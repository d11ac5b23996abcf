"""Pairs of invented persons who differ in nothing but their name, and in that only by the order of its two parts.

"Müller-Schmidt" and "Schmidt-Müller" have the same length, the same letters and parts of the same frequency; first
names, birth and address are the same. A coin decides which of them stands in the register, blocked; nobody else there
has a name like theirs. For a follow-up both must have been found once: they then share the name, differ in their
birthday, and the coin decides which of them is blocked and which is gone.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any

from gateway.meldewesen.suchdaten import PAAR_GANZ, formen_des_datensatzes
from gateway.spiegel.muster import generate
from gateway.spiegel.musternamen import tafeln
from gateway.spiegel.musterorte import Gemeinde
from tests.timing.kinds import Kind, Record

#: Every block of § 51 BMG that hides a person.
CODES = ("1", "3", "6", "11", "12")

#: Of a generated person's record what a twin keeps.
_KEPT = ("ags", "vornamen", "geburtsdatum", "geburtsort", "geschlecht", "staatsangehoerigkeiten", "wohnungen")

#: What only an unusual person has, whom some kind of query does not find.
_UNUSUAL = ("geburtsstaat", "sterbedatum", "verzogen", "auskunftssperren")


@dataclass(frozen=True)
class Twins:
    """Records of the two, the blocked one without her block yet."""

    kind: Kind
    blocked: Record
    absent: Record
    code: str

    @property
    def gesperrt(self) -> dict[str, Any]:
        """The blocked one's record with her block."""
        return {**self.blocked, "auskunftssperren": [{"grund": self.code}]}


def twins(kinds: Iterable[Kind], seed: int, gemeinde: Gemeinde, others: Iterable[Record]) -> Iterator[Twins]:
    """A pair for each of `kinds`, whom no query for one of `others`, or of another pair, can find."""
    rng = Random(seed)
    taken = {paar for record in others for paar in _paare(record)}
    templates = _templates(seed, gemeinde)
    for number, kind in enumerate(kinds):
        while not _free(pair := _pair(kind, number, next(templates), rng), taken):
            pass
        for record in pair:
            taken |= _paare(record)
        blocked, absent = rng.sample(pair, 2)
        yield Twins(kind, blocked, absent, CODES[number % len(CODES)])


def _templates(seed: int, gemeinde: Gemeinde) -> Iterator[Record]:
    """Ordinary persons of this municipality, as many as are wanted."""
    for batch in count():
        for record in generate(1000, seed=1000 * seed + batch, gemeinden=[gemeinde]):
            plain = not any(name in record for name in _UNUSUAL) and "-00" not in record["geburtsdatum"]
            inland = record["wohnungen"][0]["anschrift"].get("inland", {}) if record["wohnungen"] else {}
            if plain and inland.get("ags") == gemeinde.ags and "+" not in (record["familienname"], record["vornamen"]):
                yield {name: record[name] for name in _KEPT}


def _pair(kind: Kind, number: int, template: Record, rng: Random) -> list[dict[str, Any]]:
    one, other = (rng.choice(tafeln().nachnamen)[0] for _ in range(2))
    tag = template["geburtsdatum"]
    if kind.listed:
        named = [((one, other), tag), ((one, other), tag[:-2] + f"{(int(tag[-2:]) + 9) % 28 + 1:02}")]
    else:
        named = [((one, other), tag), ((other, one), tag)]
    return [
        {
            **template,
            "ordnungsmerkmal": f"PAAR{number:06}{side}",
            "familienname": "-".join(names),
            "kuenstlername": " ".join(names),
            "geburtsdatum": day,
        }
        for side, (names, day) in zip("AB", named, strict=True)
    ]


def _paare(record: Record) -> set[str]:
    """Whole family names with first names, as normal forms and codes."""
    return {wert for art, wert in formen_des_datensatzes(record).daten if art in PAAR_GANZ}


def _free(pair: list[dict[str, Any]], taken: set[str]) -> bool:
    """Whether nobody else is found by their names, nor, unless they share it, one of them by the other's."""
    one, other = map(_paare, pair)
    namesakes = pair[0]["familienname"] == pair[1]["familienname"]
    return taken.isdisjoint(one | other) and (namesakes or one.isdisjoint(other))
