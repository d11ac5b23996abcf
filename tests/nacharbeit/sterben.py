"""A process that dies at its n-th step: SIGKILL before or after a statement, a commit, or a way to somebody else."""

import os
import signal
from collections.abc import Callable
from functools import wraps
from typing import Any

from sqlalchemy import Engine, event

from gateway.nacharbeit import lauf
from gateway.protokoll.verbindung import Schreibverbindung
from gateway.zustellung import soap

_STEPS = (
    *((Schreibverbindung, name) for name in ("begin", "store", "commit")),  # these go past SQLAlchemy
    (soap, "post"),
    (lauf, "folgere"),
)


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Does `work` in a forked process that kills itself at that step; whether it did, or else came to the end."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _count_down(step)
            work()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, -signal.SIGKILL), "the process failed by itself"
    return code != 0


def _count_down(step: int) -> None:
    left = step

    def pass_by(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(Engine, name, lambda *_: pass_by())
    for owner, name in _STEPS:
        setattr(owner, name, _between(getattr(owner, name), pass_by))


def _between(function: Callable[..., Any], pass_by: Callable[[], None]) -> Callable[..., Any]:
    @wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        pass_by()
        result = function(*args, **kwargs)
        pass_by()
        return result

    return watched
