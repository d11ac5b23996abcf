"""A throw-away gateway that has the persons of the Anlage's rows and answers their queries.

Each query goes through the whole exchange in this process: signed envelope, schema, rights, search, Protokoll, signed
answer. HTTP adds nothing to a verdict, and without it no port is needed.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from gateway import instance
from gateway.bootstrap import Instance, build_gateway, build_umschlag
from gateway.conformance.anlage import LAND, Zeile, datensatz_zu
from gateway.conformance.suchen import SUCHARTEN
from gateway.database import open_engine, store_errors
from gateway.envelope.client import SoapFault
from gateway.envelope.pki import KeyType
from gateway.errors import ConfigError
from gateway.exchange import exchange
from gateway.sending import client_of
from gateway.spiegel.laden import lade
from gateway.vorgang import Gateway
from gateway.xmeld.anfragen import Fragenschreiber, Fragesteller


class Pruefstand:
    """Asks for rows as a simple authority of the Land."""

    def __init__(self, here: Instance, gateway: Gateway) -> None:
        *_, muster = instance.sample_authorities(LAND)
        self._wer = Fragesteller(muster.behoerde.kennung, muster.behoerde.name)
        self._client = client_of(here, muster.behoerde.kennung)
        fassung = gateway.fassungen[gateway.packs.newest.name]
        self._schreiber = Fragenschreiber(fassung.pack, fassung.mapping)
        self._umschlag = build_umschlag(here)
        self._gateway = gateway

    def urteil(self, zeile: Zeile) -> str:
        """`ja`, `nein`, or how else the query ended. Raises Fault when the reply is not the gateway's."""
        suchart = SUCHARTEN[zeile.suche]
        nachricht = suchart.schreibe(self._schreiber, self._wer, zeile, datetime.now(UTC))
        request = self._client.request(nachricht, datetime.now(UTC))
        reply = exchange(request, self._umschlag, self._gateway)
        answer = self._client.reply(reply.body, datetime.now(UTC))
        return f"fault {answer.code}" if isinstance(answer, SoapFault) else suchart.urteil(answer, zeile)


@contextmanager
def pruefstand(zeilen: Sequence[Zeile], database: str = "") -> Iterator[Pruefstand]:
    """With the persons of these rows, in a temporary folder and, where `database` is given, a schema of its own.

    Nothing of either is left. Raises ConfigError, StoreError.
    """
    with (
        TemporaryDirectory(prefix="xmeld-gateway-") as folder,
        _schema(database) as url,
        _instance(folder, url) as here,
    ):
        lade(here.register(), map(datensatz_zu, zeilen))
        gateway = build_gateway(here)
        try:
            yield Pruefstand(here, gateway)
        finally:
            gateway.protokoll.close()


def _instance(folder: str, database: str) -> Instance:
    path = Path(folder) / "instance"
    return instance.create(path, land=LAND, gemeinden=(), database=database, port=8080, kind=KeyType.EC)


@contextmanager
def _schema(database: str) -> Iterator[str]:
    """URL of a new schema in a PostgreSQL database, dropped at the end; no URL, no schema."""
    if not database:
        yield ""
        return
    engine = open_engine(database)
    if engine.dialect.name != "postgresql":
        raise ConfigError("--database: must be a URL of PostgreSQL; without it SQLite is used, in a temporary folder")
    name = f"gateway_conformance_{uuid4().hex}"
    try:
        with store_errors("no schema can be made in the database"), engine.begin() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {name}")
        try:
            options = f"{engine.url.query.get('options', '')} -c search_path={name}".strip()
            yield engine.url.update_query_dict({"options": options}).render_as_string(hide_password=False)
        finally:
            with store_errors(f"the schema {name} cannot be dropped"), engine.begin() as connection:
                connection.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")
    finally:
        engine.dispose()
