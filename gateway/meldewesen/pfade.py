"""Paths into a record: `partner.wohnungen[].anschrift.inland.ags`; `[]` is each entry of a list, `[0]` the first."""

import re
from collections.abc import Mapping

from gateway.meldewesen.datensatz import Feld

EACH = "[]"

_STEP = re.compile(r"([a-z_]+)(\[([0-9]*)\])?")


def names(pfad: str) -> tuple[str, ...]:
    """The names of the fields on the way, without their list marks. Raises ValueError when `pfad` is not a path."""
    return tuple(_step(step)[0] for step in pfad.split("."))


def tokens(pfad: str) -> tuple[str | int, ...]:
    """The way as keys: names of fields, `EACH` for every entry of a list, an index for one entry."""
    keys: list[str | int] = []
    for step in pfad.split("."):
        name, mark, index = _step(step)
        keys.append(name)
        if mark:
            keys.append(int(index) if index else EACH)
    return tuple(keys)


def resolve(pfad: str, felder: Mapping[str, Feld]) -> Feld:
    """The field at `pfad`. Raises ValueError when there is none, or a list is not marked as one."""
    feld, rest = None, felder
    for step in pfad.split("."):
        name, mark, _ = _step(step)
        if name not in rest:
            raise ValueError(f"{pfad}: {name} is not a field of the record")
        feld = rest[name]
        if bool(feld.liste) != bool(mark):
            raise ValueError(f"{pfad}: {name} is {'a list' if feld.liste else 'no list'}")
        rest = feld.form if isinstance(feld.form, Mapping) else {}
    if feld is None:
        raise ValueError("a path must not be empty")
    return feld


def _step(step: str) -> tuple[str, str | None, str | None]:
    match = _STEP.fullmatch(step)
    if not match:
        raise ValueError(f"{step or 'nothing'} is not a step of a path")
    return match[1], match[2], match[3]
