"""What holds for the whole run: fixtures that several rooms use, and what CI demands of it."""

import os

import pytest
from xmlschema import XMLSchema10

from gateway.resources import folder
from gateway.xmeld import packs
from gateway.xmeld.manifest import Manifest
from tests.databases import database_url, module_database_url

__all__ = ["database_url", "module_database_url"]

#: Environment variable → words in the reason of a skip that it forbids.
FORBIDDEN = {"GATEWAY_REQUIRE_POSTGRES": "PostgreSQL", "GATEWAY_REQUIRE_SHARED": "../shared"}


class Demands:
    """Fails the run when something was skipped that CI demands, or no PostgreSQL test passed."""

    def __init__(self) -> None:
        self.skipped: list[str] = []
        self.postgres = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and isinstance(report.longrepr, tuple):
            self.skipped.append(report.longrepr[2])
        if report.passed and report.when == "call" and "postgresql" in report.nodeid:
            self.postgres += 1

    def problems(self) -> list[str]:
        found = [
            f"{name}: skipped for '{reason}'"
            for name, words in FORBIDDEN.items()
            if os.environ.get(name)
            for reason in sorted(set(self.skipped))
            if words in reason
        ]
        if os.environ.get("GATEWAY_REQUIRE_POSTGRES") and not self.postgres:
            found.append("GATEWAY_REQUIRE_POSTGRES: no test on PostgreSQL has passed")
        return found

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.problems() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for problem in self.problems():
            terminalreporter.write_line(f"DEMANDED BUT NOT RUN: {problem}", red=True)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # the controlling process only
        config.pluginmanager.register(Demands(), "demands")


def _compile_our_packs_once() -> None:
    """For explanations, in each process: every house that a test builds would take half a second for it."""
    ours, compile_pack = folder("xsd"), packs._compile_for_explaining
    compiled: dict[str, XMLSchema10] = {}

    def once(manifest: Manifest) -> XMLSchema10:
        if manifest.folder.parent != ours:
            return compile_pack(manifest)
        if manifest.name not in compiled:
            compiled[manifest.name] = compile_pack(manifest)
        return compiled[manifest.name]

    packs._compile_for_explaining = once


_compile_our_packs_once()
