"""Changes the Protokoll's key file: whole or not at all, and its owner stays who it is.

One change at a time (`umhuellung.allein`). All processes see it with their next look at the file.
"""

import json
from collections.abc import Callable
from typing import Any

from gateway import files
from gateway.errors import ConfigError
from gateway.protokoll.schluessel import Protokollschluessel, new_aes, new_siegel, read


def fuege_hinzu(schluessel: Protokollschluessel, zuvor: Callable[[str], object] = lambda _: None) -> str:
    """A key that wraps, which waits to be taken into use: its id, with which `zuvor` is called before it is there.

    Raises ConfigError where one waits already.
    """
    if schluessel.stand.wartet is not None:
        raise ConfigError(
            f"the key {schluessel.stand.wartet} waits in {schluessel.path} already: protokoll key rewrap takes it "
            "into use, protokoll key remove takes it out"
        )
    neu = new_aes()
    zuvor(neu["id"])
    _change(schluessel, lambda document: {**document, "schluessel_neu": neu})
    return neu["id"]


def setze_ein(schluessel: Protokollschluessel) -> None:
    """The key that waits encrypts from now on; nothing where none waits. Raises ConfigError."""
    if schluessel.stand.wartet is not None:
        _change(schluessel, _taken_into_use)


def entferne(schluessel: Protokollschluessel, key_id: str) -> None:
    """Takes a key that wraps out; it must be another than the one that encrypts. Raises ConfigError."""
    assert key_id != schluessel.stand.neuester, "what encrypts stays"
    _change(schluessel, lambda document: _without(document, key_id))


def fuege_siegel_hinzu(schluessel: Protokollschluessel, zuvor: Callable[[str], object] = lambda _: None) -> str:
    """The same with a key of the seal."""
    if (wartet := schluessel.stand.siegel_neu) is not None:
        raise ConfigError(
            f"the key {wartet.id} of the seal waits in {schluessel.path} already: protokoll seal change takes it into "
            "use"
        )
    key_id, pem = new_siegel()
    zuvor(key_id)
    _change(schluessel, lambda document: {**document, "siegel_neu": pem})
    return key_id


def setze_siegel_ein(schluessel: Protokollschluessel) -> None:
    """The seal's old key goes: the new one takes its place. Raises ConfigError."""
    if schluessel.stand.siegel_neu is not None:
        _change(
            schluessel,
            lambda document: {
                **{name: value for name, value in document.items() if name != "siegel_neu"},
                "siegel": document["siegel_neu"],
            },
        )


def _taken_into_use(document: dict[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in document.items() if name != "schluessel_neu"}
    return {**rest, "schluessel": [*document["schluessel"], document["schluessel_neu"]]}


def _without(document: dict[str, Any], key_id: str) -> dict[str, Any]:
    rest = {name: value for name, value in document.items() if name != "schluessel_neu" or value["id"] != key_id}
    return {**rest, "schluessel": [key for key in document["schluessel"] if key["id"] != key_id]}


def _change(schluessel: Protokollschluessel, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Once it returns the new file lasts; a process that dies before leaves the old one."""
    ursprung, (_, document) = schluessel.stand.ursprung, read(schluessel.path, "protokoll")
    path = schluessel.path.resolve()  # of a link its file is replaced
    text = json.dumps({**change(document), "ursprung": ursprung}, indent=1) + "\n"
    try:
        for left in files.drafts(path):  # keys of one who died
            left.unlink()
        files.replace(path, text.encode("ascii"), owner=path.stat())  # who operates it is root, who serves is not
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
