"""One running gateway with two workers for all tests that do not stop it."""

from collections.abc import Iterator

import pytest

from tests.cli.conftest import run
from tests.web.site import Site, site

__all__ = ["run", "running_site"]

ADDRESS = "https://register.example.org/xmeld?a=1&b=2"


@pytest.fixture(scope="session")
def running_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    path = tmp_path_factory.mktemp("web") / "instance"
    with site(path, ("workers = 1", "workers = 2"), ('address = ""', f'address = "{ADDRESS}"')) as one:
        yield one
