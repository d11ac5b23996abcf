"""The gateway's command with a leak planted: who is blocked is answered half a millisecond later than nobody.

It is what a careless change would do: look also for blocked persons, then put them aside, at some cost for each. The
second look costs both sides the same; only the half millisecond tells them apart.
"""

import time
from collections.abc import Callable
from typing import Any

from gateway.cli import main
from gateway.meldewesen.sperren import OFFEN, Sicht
from gateway.spiegel.suche import SqlSpiegel

LEAK = 0.0005  # seconds


def plant(name: str) -> None:
    """Makes the search of this name, a method of the mirror, spend more time where a block hid somebody."""
    honest: Callable[..., Any] = getattr(SqlSpiegel, name)

    def leaking(spiegel: SqlSpiegel, wonach: Any, sicht: Sicht, *rest: Any) -> Any:
        found = honest(spiegel, wonach, sicht, *rest)
        if honest(spiegel, wonach, OFFEN, *rest) and not found:
            end = time.perf_counter() + LEAK
            while time.perf_counter() < end:
                pass
        return found

    setattr(SqlSpiegel, name, leaking)


if __name__ == "__main__":
    for search in ("suche", "freie_suche", "hole"):
        plant(search)
    main()
