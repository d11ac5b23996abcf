"""A sample mirror: street directories, the hand-made awkward persons, and as many generated ones as are wanted."""

from collections.abc import Collection, Iterator

from gateway.spiegel.laden import Eintrag
from gateway.spiegel.muster import generate
from gateway.spiegel.musterorte import Gemeinde, gemeinden, strassen
from gateway.spiegel.musterpersonen import musterpersonen


def mustergemeinden(land: str, served: Collection[str] = ()) -> list[Gemeinde]:
    """The sample's municipalities of a Land, of which only those `served` where any are named and known."""
    known = gemeinden(land)
    return [gemeinde for gemeinde in known if gemeinde.ags in served] or known


def mustereintraege(orte: list[Gemeinde], persons: int, seed: int) -> Iterator[Eintrag]:
    """What `laden.lade` takes; the hand-made persons live in the first of `orte`, two of them have a second record in
    the register of the second. Deterministic by `seed`.
    """
    for gemeinde in orte:
        yield {"strassen": {"ags": gemeinde.ags, "namen": strassen(gemeinde, seed)}}
    yield from musterpersonen(orte[0], orte[1] if len(orte) > 1 else None)
    yield from generate(persons, seed=seed, gemeinden=orte)
