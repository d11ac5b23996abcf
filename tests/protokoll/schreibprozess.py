"""A process of its own that writes a Protokoll: `python -m tests.protokoll.schreibprozess URL KEYFILE UUID...`.

Prints each UUID once it is recorded, beginning when it is told to. `-` for UUIDs writes without end, `fork` writes one
entry before and one after a fork, in the parent and in the child.
"""

import itertools
import os
import sys
import threading
from contextlib import closing
from pathlib import Path
from uuid import uuid4

from gateway.database import open_engine
from gateway.ports import UuidReused
from gateway.protokoll import SqlProtokoll
from gateway.protokoll.schluessel import load_protokollschluessel
from tests.protokoll.eintraege import digest, eintrag


def main(url: str, keyfile: str, *uuids: str) -> None:
    """Runs one of the three ways."""
    with closing(SqlProtokoll(open_engine(url), load_protokollschluessel(Path(keyfile)))) as protokoll:
        if uuids == ("fork",):
            fork(protokoll)
        elif uuids == ("-",):
            threads = [threading.Thread(target=write_forever, args=(protokoll,), daemon=True) for _ in range(4)]
            for thread in threads:
                thread.start()
            threads[0].join()
        else:
            os.write(1, b"ready\n")
            sys.stdin.readline()
            for uuid in uuids:
                write(protokoll, uuid)


def write(protokoll: SqlProtokoll, uuid: str) -> None:
    """One entry whose content is this process's own."""
    try:
        protokoll.record(eintrag(nachricht_uuid=uuid, nachricht_digest=digest(str(os.getpid()))))
        os.write(1, f"{uuid}\n".encode())
    except UuidReused:
        os.write(1, b"refused\n")


def write_forever(protokoll: SqlProtokoll) -> None:
    """Until killed."""
    for _ in itertools.count():
        write(protokoll, str(uuid4()))


def fork(protokoll: SqlProtokoll) -> None:
    """A child begins a chain of its own, the parent goes on with its own."""
    write(protokoll, str(uuid4()))
    child = os.fork()
    write(protokoll, str(uuid4()))
    if child == 0:
        protokoll.close()
        os._exit(0)
    sys.exit(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    main(*sys.argv[1:])
