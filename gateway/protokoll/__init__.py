"""The Protokoll store (§ 40 BMG): durable before it returns, chained and sealed, personal data encrypted at rest.

Beside it, and in its transactions, what has to follow an answer: `nachlauf`.
"""

from gateway.protokoll.befund import Finding, Kind, Verification
from gateway.protokoll.einsicht import Einsicht, Postzeile, Protokollzeile, Stelle
from gateway.protokoll.nachlauf import SqlNachlauf
from gateway.protokoll.pruefung import verify
from gateway.protokoll.speicher import SqlProtokoll
from gateway.protokoll.stand import create_schema

__all__ = [
    "Einsicht",
    "Finding",
    "Kind",
    "Postzeile",
    "Protokollzeile",
    "SqlNachlauf",
    "SqlProtokoll",
    "Stelle",
    "Verification",
    "create_schema",
    "verify",
]
