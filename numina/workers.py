"""The three processes of the service, each of which also runs alone: API, projector, scheduler."""

import gc
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable

from numina import log_lines
from numina.database import database
from numina.lifeline import end_with
from numina.listening import listen
from numina.master_key import master_key
from numina.settings import Settings

DRAIN_SECONDS = 10
"""How long open requests may take to finish once the API was asked to stop; streams are cut then."""


def run_api(settings: Settings) -> None:
    """Serves HTTP until SIGTERM or SIGINT, on the supervisor's socket or one of its own."""
    import uvicorn

    from numina.connections import BoundedConnection
    from numina.wiring import api_app

    _begin(settings)
    with _socket(settings) as listening, database(settings) as ready:
        config = uvicorn.Config(
            api_app(ready),
            http=BoundedConnection,
            ws="none",
            log_level=settings.log_level,
            log_config=None,
            access_log=False,
            server_header=False,
            # Whom a request is from is told by api.proxies, which trusts nobody unless it was told to.
            proxy_headers=False,
            ssl_certfile=settings.tls_cert,
            ssl_keyfile=settings.tls_key,
            ssl_context_factory=_encrypted if settings.tls_cert else None,
            timeout_graceful_shutdown=DRAIN_SECONDS,
            timeout_keep_alive=75,
        )
        server = uvicorn.Server(config)
        for number in (signal.SIGTERM, signal.SIGINT):
            # uvicorn raises the signal again once it has stopped: there is still a database to let go of.
            signal.signal(number, lambda *_: setattr(server, "should_exit", True))
        tune_interpreter()
        server.run(sockets=[listening])


def run_projector(settings: Settings) -> None:
    """Projects until SIGTERM or SIGINT; the window at work is finished first."""
    from gateways.vault import Vault
    from projections.projector import Projector

    _begin(settings)
    with database(settings) as ready:
        vault = Vault(ready.url, master_key(ready), role="numina_projector")
        tune_interpreter()
        Projector(ready.url, vault, most_facts=settings.window).run(_stop_event())
        vault.close()


def run_scheduler(settings: Settings) -> None:
    """Does what is due until SIGTERM or SIGINT; the job at work is finished first."""
    from numina.scheduled import jobs
    from scheduler.clock import run

    _begin(settings)
    with database(settings) as ready:
        run(jobs(ready), _stop_event())


def _begin(settings: Settings) -> None:
    end_with(settings.parent)
    log_lines.configure(settings.log_level)


def _encrypted(_config: object, default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """TLS 1.2 or later (RFC 8996), whatever the system's OpenSSL would allow."""
    context = default()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def tune_interpreter() -> None:
    """Sets Python up for a busy service.

    What was made at the start is left out of every later garbage collection, and there are fewer of them: a batch
    makes tens of thousands of small objects without a cycle among them, which reference counting frees by itself.
    And a thread that hears from PostgreSQL, or from a client, must not wait the usual five milliseconds for one
    that decides.
    """
    sys.setswitchinterval(0.001)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _socket(settings: Settings) -> socket.socket:
    if settings.listen_fd is not None:
        return socket.socket(fileno=settings.listen_fd)
    return listen(settings.host, settings.port)


def _stop_event() -> threading.Event:
    """Set by the first SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
