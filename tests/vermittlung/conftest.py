"""Fixtures of this room."""

from collections.abc import Iterator

import pytest

from tests.vermittlung.dvdv_server import DvdvServer
from tests.vermittlung.peers import Clock, certificate


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dvdv() -> Iterator[DvdvServer]:
    with DvdvServer(certificate("wir")) as server:
        yield server
