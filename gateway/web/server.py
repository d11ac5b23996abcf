"""The HTTP server: granian's worker processes, each with an App of its own."""

import ctypes
import logging
import logging.config
import multiprocessing
import os
import signal
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from granian.constants import HTTPModes, Interfaces, RuntimeModes, SSLProtocols
from granian.http import HTTP1Settings
from granian.server import Server

from gateway import worker
from gateway.abruf.vermittlung import FRIST
from gateway.bootstrap import (
    Instance,
    build_aufbewahrung,
    build_gateway,
    build_lauf,
    build_umschlag,
    check_databases,
)
from gateway.bootstrap_osci import build_osci, with_vermittlung
from gateway.config import Config
from gateway.errors import ConfigError, GatewayError, place_of
from gateway.log import logging_config
from gateway.vermittlung.eintrag import MAX_TIMEOUT
from gateway.vorgang import Spur
from gateway.web.admin import Admin
from gateway.web.app import App, Endpunkt, osci_endpunkt, soap_endpunkt
from gateway.web.lage import Quellen
from gateway.web.readiness import Readiness
from gateway.web.request import READ_TIMEOUT
from gateway.web.traces import over_otlp
from gateway.zustellung.sperrlisten import hole_immer_wieder

#: Seconds that a stopping worker has for its exchanges before it is killed; reading, answering and recording take less.
GRACE = 30

#: ... and where other Laender are asked: the last of them may be asked when the time limit is nearly over.
GRACE_VERMITTLUNG = GRACE + FRIST.total_seconds() + MAX_TIMEOUT

#: Connections of one worker, idle ones too; a worker buffers no more than one request of `max_bytes` for each.
CONNECTIONS = 256

#: linux/prctl.h
_PR_SET_PDEATHSIG = 1

#: Bytes of a request's head.
_MAX_HEAD = 64 << 10

#: Where prometheus_client looks when it is first imported.
MULTIPROC = "PROMETHEUS_MULTIPROC_DIR"

#: A file that is mapped into memory kills its process where the disk is full.
_MEMORY = "/dev/shm"  # noqa: S108

log = logging.getLogger(__name__)


def address_of(config: Config) -> str:
    """The endpoint's URL as the WSDL names it."""
    if config.http.address:
        return config.http.address
    scheme = "https" if config.tls.certificate else "http"
    host = f"[{config.http.host}]" if ":" in config.http.host else config.http.host
    return f"{scheme}://{host}:{config.http.port}/xmeld"


def build(instance: Instance) -> App:
    """The instance's application, checked: it can listen, and its stores answer.

    Raises ConfigError or StoreError for what would end every worker, so that it is said once and in one line.
    """
    _check_tls(instance)
    _check_address(instance.config.http.host, instance.config.http.port)
    if not (instance.config.http.loopback or instance.config.signatur.timestamp_required):
        log.warning("signatur.timestamp_required is false: a captured request without a Timestamp can be sent again")
    check_databases(instance)
    instance.authorities(readonly=True)  # with the publisher's key list, where one is named
    gateway = with_vermittlung(build_gateway(instance), instance)
    quellen = Quellen(instance, gateway)
    gateway.check_stores()
    from gateway.web.metrics import Messwerte  # within `_shared_metrics`, and where nothing can fail any more

    messwerte = Messwerte(quellen)
    observers = [gateway.observe, messwerte.observe]
    if instance.config.betrieb.traces:
        observers.append(over_otlp(instance.config.betrieb.traces).observe)
    gateway = replace(gateway, observe=_each(observers))
    address, http = address_of(instance.config), instance.config.http
    return App(
        gateway,
        _endpunkte(instance),
        http,
        address,
        messwerte.render,
        Readiness(quellen.lage).report,
        build_admin(instance),
    )


def build_admin(instance: Instance) -> Admin | None:
    """The admin API; None where it is served to nobody."""
    config = instance.config.verwaltung
    if not config.api_von:
        return None
    return Admin(instance.verwaltung, instance.sitzungen(), frozenset(config.api_von))


def _endpunkte(instance: Instance) -> dict[str, Endpunkt]:
    endpunkte = {"/xmeld": soap_endpunkt(build_umschlag(instance))}
    if osci := build_osci(instance):
        endpunkte["/osci"] = osci_endpunkt(osci)
    return endpunkte


def _each(observers: Sequence[Callable[[Spur], None]]) -> Callable[[Spur], None]:
    """All of them; one that fails is the operator's trouble: the exchange is recorded, and its answer leaves."""

    def observe(spur: Spur) -> None:
        for one in observers:
            try:
                one(spur)
            except Exception as error:
                log.error("not observed: %s at %s", type(error).__name__, place_of(error))

    return observe


@contextmanager
def _shared_metrics() -> Iterator[None]:
    """A folder in which the workers' numbers meet, for as long as they serve; in memory, where no disk can be full."""
    memory = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="xmeld-gateway-metrics-", dir=memory) as folder:
        os.environ[MULTIPROC] = folder
        try:
            yield
        finally:
            del os.environ[MULTIPROC]


#: What the main process has built; the workers are forked from it, and a replaced one serves at once.
_built: list[App] = []


def create() -> App:
    """A worker's application."""
    return _built[0]


def serve(instance: Instance) -> None:
    """Serves until SIGTERM or SIGINT; a stopping worker takes no new connection and finishes its exchanges.

    Raises ConfigError or StoreError before any worker starts, GatewayError when what follows answers is not done.
    """
    multiprocessing.set_start_method("fork", force=True)
    with _shared_metrics():
        _serve(instance)


def _serve(instance: Instance) -> None:
    listen = instance.sperrlisten()
    for one in listen:
        if not one.path.exists():  # the first time there is nothing to go by
            one.hole()
    _built[:] = [build(instance)]
    lauf, aufbewahrung = build_lauf(instance, _built[0].gateway), build_aufbewahrung(instance)
    instance.close()  # each process opens its own connections
    os.register_at_fork(after_in_child=_become_worker)
    logs = logging_config(instance.config.betrieb.log)
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, **logs})
    abstand = 60 * instance.config.signatur.crl_abstand_minuten
    hole, pause = partial(hole_immer_wieder, listen, abstand), instance.config.nacharbeit.pause_seconds
    nachlauf = worker.Supervisor(lambda: worker.run(lauf, aufbewahrung, pause, hole))
    try:
        Server("gateway.web.server:create", **_options(instance)).serve()
    finally:
        nachlauf.stop(GRACE)
    if nachlauf.lost:
        raise GatewayError("stopped, because what follows answers was not done any more: start it again")


def _options(instance: Instance) -> dict[str, Any]:
    path, config, tls = instance.path.resolve(), instance.config, instance.config.tls
    return {
        "factory": True,
        "interface": Interfaces.ASGINL,
        "runtime_mode": RuntimeModes.st,  # granian 2.8's other one can miss its own end and is then killed after GRACE
        "http": HTTPModes.http1,
        "http1_settings": HTTP1Settings(header_read_timeout=1000 * READ_TIMEOUT, max_buffer_size=_MAX_HEAD),
        "websockets": False,
        "address": config.http.host,
        "port": config.http.port,
        "workers": config.http.workers,
        "backpressure": CONNECTIONS,
        "workers_kill_timeout": int(GRACE_VERMITTLUNG if config.vermittlung.gegenstellen else GRACE),
        "respawn_failed_workers": True,
        "log_access": False,
        "log_dictconfig": logging_config(config.betrieb.log),
        "ssl_cert": path / tls.certificate if tls.certificate else None,
        "ssl_key": path / tls.key if tls.key else None,
        "ssl_protocol_min": SSLProtocols.tls12,
        "ssl_ca": path / tls.client_ca if tls.client_certificate != "none" else None,
        "ssl_client_verify": tls.client_certificate == "required",
    }


def _become_worker() -> None:
    """Ctrl-C is for the main process alone, which stops the workers in order; one that is still loading may just die.

    It inherits the main process's handlers until granian sets its own, and would miss a SIGTERM that comes before.
    """
    os.setpgid(0, 0)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)  # nobody serves on when the main process was killed
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def _check_tls(instance: Instance) -> None:
    tls = instance.config.tls
    if not tls.certificate:
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for key, name in (("tls.certificate", tls.certificate), ("tls.key", tls.key), ("tls.client_ca", tls.client_ca)):
        if name:
            instance.read_file(name, key)
    try:
        context.load_cert_chain(instance.path / tls.certificate, instance.path / tls.key, password=lambda: "")
    except ssl.SSLError:
        raise ConfigError("tls: certificate and key must be PEM, belong together, and the key be unencrypted") from None
    if tls.client_certificate == "none":
        return
    try:
        context.load_verify_locations(instance.path / tls.client_ca)
    except ssl.SSLError:
        raise ConfigError(f"tls.client_ca: {instance.path / tls.client_ca} holds no certificate in PEM") from None


def _check_address(host: str, port: int) -> None:
    """The server shares its port with whoever listens there already, even another instance: so look first."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise ConfigError(f"http: cannot listen on {host} port {port}: {error.strerror}") from None
