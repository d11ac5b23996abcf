"""A running OSCI stub for tests: intermediary and another Land's register in this process, small keys made once."""

from collections.abc import Iterator
from functools import cache

import pytest

from osci_stub.land import Keys, OsciStub


@cache
def stub_keys() -> Keys:
    """RSA-2048, the same for the whole run."""
    return Keys.make(2048)


@pytest.fixture(scope="module")
def running_stub() -> Iterator[OsciStub]:
    with OsciStub(stub_keys()) as stub:
        yield stub


@pytest.fixture
def stub(running_stub: OsciStub) -> Iterator[OsciStub]:
    """With no faults but those of the test."""
    running_stub.intermediary.faults.clear()
    running_stub.register.faults.clear()
    running_stub.register.nachrichten.clear()
    yield running_stub
    running_stub.intermediary.faults.clear()
    running_stub.register.faults.clear()
