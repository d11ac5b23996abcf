"""What a search demands of a person, datum by datum: the language between the law's queries and the mirror."""

import re
from dataclasses import dataclass

from gateway.meldewesen.suchdaten import PAAR_TEIL, Art

#: Behind every form, so that all forms with a prefix stand before prefix + ENDE.
ENDE = "~"

_ALS_MUSTER = str.maketrans("?*", "_%")
_UNBESTIMMT = re.compile("[_%]")


@dataclass(frozen=True)
class Bedingung:
    """A datum of one of the kinds `arten` that a person must have, in the form that is compared.

    It equals `von`; or it lies from `von` up to before `bis`, and is like `muster` where that is given (% stands for
    any letters, _ for one). With `ohne` the person must have none of these kinds at all.
    """

    arten: tuple[Art, ...]
    von: str = ""
    bis: str | None = None
    muster: str | None = None
    ohne: bool = False


def gleich(wert: str, *arten: Art) -> Bedingung:
    """A datum that equals `wert`."""
    return Bedingung(arten, wert)


def zwischen(von: str, bis: str, *arten: Art) -> Bedingung:
    """A datum from `von` to `bis`, both included, and whatever stands behind them."""
    return Bedingung(arten, von, bis + ENDE)


def wie(form: str, *arten: Art) -> Bedingung:
    """A datum that equals `form`, in which ? stands for one letter and * for any (Anlage Nr. 7)."""
    return _wie(form.translate(_ALS_MUSTER), arten)


def paar(familienname: Bedingung, vorname: Bedingung) -> Bedingung:
    """Both as the one datum PAAR that they make."""
    return _wie(f"{familienname.muster or familienname.von} {vorname.muster or vorname.von}", PAAR_TEIL)


def ohne(art: Art) -> Bedingung:
    """No datum of this kind."""
    return Bedingung((art,), ohne=True)


def _wie(muster: str, arten: tuple[Art, ...]) -> Bedingung:
    found = _UNBESTIMMT.search(muster)
    if found is None:
        return Bedingung(arten, muster)
    anfang = muster[: found.start()]
    return Bedingung(arten, anfang, anfang + ENDE, muster)
