"""The HTTP server: granian's worker processes, each with an App of its own."""

import logging
import os
import sys
from pathlib import Path

from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.server import Server

from gateway.bootstrap import Instance, build_gateway, build_umschlag
from gateway.config import Config
from gateway.web.app import App

_INSTANCE = "XMELD_GATEWAY_INSTANCE"

#: Seconds that a stopping worker has for its exchanges before it is killed.
GRACE = 30


def address_of(config: Config) -> str:
    """The endpoint's URL as the WSDL names it."""
    if config.http.address:
        return config.http.address
    scheme = "https" if config.tls.certificate else "http"
    host = f"[{config.http.host}]" if ":" in config.http.host else config.http.host
    return f"{scheme}://{host}:{config.http.port}/xmeld"


def create() -> App:
    """A worker process's application; the instance comes from the environment that `serve` set."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    instance = Instance.read(Path(os.environ[_INSTANCE]))
    http = instance.config.http
    return App(build_gateway(instance), build_umschlag(instance), http.max_bytes, address_of(instance.config))


def serve(instance: Instance) -> None:
    """Serves until SIGTERM or SIGINT; a stopping worker takes no new connection and finishes its exchanges."""
    path, config, tls = instance.path.resolve(), instance.config, instance.config.tls
    os.environ[_INSTANCE] = str(path)
    client_ca = tls.client_certificate != "none"
    Server(
        "gateway.web.server:create",
        factory=True,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        address=config.http.host,
        port=config.http.port,
        workers=config.http.workers,
        blocking_threads=config.http.threads,
        backpressure=4 * config.http.threads,
        workers_kill_timeout=GRACE,
        respawn_failed_workers=True,
        log_access=False,
        ssl_cert=path / tls.certificate if tls.certificate else None,
        ssl_key=path / tls.key if tls.key else None,
        ssl_protocol_min=SSLProtocols.tls12,
        ssl_ca=path / tls.client_ca if client_ca else None,
        ssl_client_verify=tls.client_certificate == "required",
    ).serve()
