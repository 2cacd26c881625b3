"""The listening socket of the service, opened before anything else starts."""

import errno
import socket

from numina.trouble import Trouble


class CannotListen(Trouble):
    """The address cannot be listened on; the message says why and what to do."""


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket. Raises CannotListen when the port is taken or not ours to use.

    The supervisor opens it and hands it to the API process: clients that come while that one restarts wait
    in the queue instead of being refused.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except socket.gaierror:
        raise CannotListen(f"{host} is no address of this machine: choose another with --host") from None
    except OSError as error:
        raise CannotListen(_reason(error, host, port)) from None


def _reason(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} of {host} is in use by another program: choose another with --port or NUMINA_PORT"
        )
    if error.errno == errno.EACCES:
        return (
            f"port {port} is not for this user to listen on: choose one above 1023 with --port or NUMINA_PORT"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine: choose another with --host or NUMINA_HOST"
    return f"cannot listen on {host} port {port}: {error.strerror}"
