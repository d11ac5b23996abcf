"""A working stand-in for another Land's register, to try a gateway against. Shares no code with `gateway`."""

import sys

if sys.version_info >= (3, 12):
    _REASON = "osci_stub needs Python 3.11: spyne, its SOAP stack, does not import on 3.12 and later"
    if sys.argv[:1] == ["-m"]:  # python -m is still locating the module: a line for people, no traceback
        sys.exit(_REASON)
    raise ImportError(_REASON)

from osci_stub.faults import FAULTS
from osci_stub.keys import Issuer, Signatory
from osci_stub.posteingang import Posteingang
from osci_stub.register import PERSONEN, Person
from osci_stub.server import StubServer
from osci_stub.zustellung import Zustellung

__all__ = ["FAULTS", "PERSONEN", "Issuer", "Person", "Posteingang", "Signatory", "StubServer", "Zustellung"]
