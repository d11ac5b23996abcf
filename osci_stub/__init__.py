"""A working stand-in for another Land: its register over SOAP and OSCI, an intermediary, a client.

To try a gateway against; shares no code with `gateway`. The SOAP half stands on spyne, which imports on Python 3.11
only: it is loaded when it is asked for, so that the OSCI half runs on all versions.
"""

import sys
from typing import TYPE_CHECKING

from osci_stub.keys import Issuer, Signatory
from osci_stub.posteingang import Posteingang
from osci_stub.register import PERSONEN, Person
from osci_stub.zustellung import Zustellung

if TYPE_CHECKING:
    from osci_stub.faults import FAULTS
    from osci_stub.server import StubServer

__all__ = ["FAULTS", "PERSONEN", "Issuer", "Person", "Posteingang", "Signatory", "StubServer", "Zustellung"]


def __getattr__(name: str) -> object:
    if name == "FAULTS":
        from osci_stub.faults import FAULTS

        return FAULTS
    if name == "StubServer":
        if sys.version_info >= (3, 12):
            raise ImportError("osci_stub needs Python 3.11 for SOAP: spyne does not import on 3.12 and later")
        from osci_stub.server import StubServer

        return StubServer
    raise AttributeError(name)
