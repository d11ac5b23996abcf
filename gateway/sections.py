"""What the project's TOML files have in common: strict tables, and errors that name key and reason."""

import ipaddress
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict

from gateway.errors import ConfigError


class Section(BaseModel):
    """A table of a file: no unknown keys, no value of another type, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of the file `path`. Raises ConfigError, FileNotFoundError."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None


#: What pydantic says less plainly.
_PLAINLY = {"extra_forbidden": "unknown key", "missing": "is missing"}


def explain(errors: Sequence[Mapping[str, Any]]) -> str:
    """The first of pydantic's errors as place and reason, and how many more there are."""
    first = errors[0]
    reason = _PLAINLY.get(first["type"], first["msg"].removeprefix("Value error, "))
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return ": ".join((*([".".join(map(str, first["loc"]))] if first["loc"] else []), reason)) + more


def check_address(url: str) -> str:
    """`url` where it may be written into a file as something to connect to. Raises ValueError."""
    if not (is_usable(url) and (url.startswith("https://") or is_loopback(url))):
        raise ValueError(f"{url} must be an address with https://; plain http:// is for loopback only")
    return url


#: An address to connect to.
Address = Annotated[str, AfterValidator(check_address)]


def is_usable(url: str) -> bool:
    """Whether a client could open it: a host that DNS can have, a port, nothing that is not printable ASCII."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        return False
    return bool(host) and port != 0 and url.isascii() and url.isprintable() and " " not in url


def is_loopback(url: str) -> bool:
    """Whether it is plain HTTP to this machine, by IP address."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "http" and ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
