"""The Protokoll store (§ 40 BMG): durable before it returns, chained and sealed, personal data encrypted at rest."""

from gateway.protokoll.befund import Finding, Kind, Verification
from gateway.protokoll.einsicht import Einsicht, Protokollzeile, Stelle
from gateway.protokoll.pruefung import verify
from gateway.protokoll.speicher import SqlProtokoll
from gateway.protokoll.stand import create_schema

__all__ = [
    "Einsicht",
    "Finding",
    "Kind",
    "Protokollzeile",
    "SqlProtokoll",
    "Stelle",
    "Verification",
    "create_schema",
    "verify",
]
