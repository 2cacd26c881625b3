"""Connections that ask for nothing, or for too much, are ended; those that work are not."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn

from numina.connections import BoundedConnection
from tests.numina.conftest import eventually


class Impatient(BoundedConnection):
    head_seconds = 0.5
    request_seconds = 1.0
    watch_seconds = 0.1


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the length of the body, and how many header fields there were."""
    assert scope["type"] == "http", scope["type"]
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message["body"])
        more = message["more_body"]
    if scope["path"] == "/slow":
        await asyncio.sleep(1.5)
    body = f"{size} {len(scope['headers'])}".encode()
    fields = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def served(kind: type[BoundedConnection]) -> Iterator[int]:
    config = uvicorn.Config(echo, http=kind, ws="none", lifespan="off", log_config=None, timeout_keep_alive=1)
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    assert eventually(lambda: server.started)
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served(Impatient) as listening:
        yield listening


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def everything(connection: socket.socket) -> bytes:
    """What comes until the other end closes."""
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def test_who_says_nothing_is_not_waited_for(port: int) -> None:
    with connect(port) as connection:
        assert everything(connection).startswith(b"HTTP/1.1 408 ")


def had_enough(connection: socket.socket, piece: bytes, pause: float = 0.05) -> bool:
    """Whether the other end ends it, within some seconds of being sent `piece` again and again."""
    deadline = time.monotonic() + 3
    try:
        while time.monotonic() < deadline:
            connection.sendall(piece)
            time.sleep(pause)
    except OSError:
        return True
    return False


@pytest.mark.parametrize(
    ("head", "drop"),
    [(b"GET / HTTP/1.1\r\n", b"X: y\r\n"), (b"GET / HTTP/1.1\r\nX-", b"a"), (b"", b"\r\n"), (b"", b"G")],
)
def test_a_head_that_drips_is_cut_off(port: int, head: bytes, drop: bytes) -> None:
    with connect(port) as connection:
        connection.sendall(head)
        assert had_enough(connection, drop)


def test_empty_lines_after_an_answer_hold_nothing_open(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.2)
        connection.sendall(b"\r\n")
        assert everything(connection).startswith(b"HTTP/1.1 200 ")


def test_a_body_that_drips_is_cut_off(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        assert had_enough(connection, b"x")


@pytest.mark.parametrize("field", [b"X: " + b"y" * 1000 + b"\r\n", b"y" * 1000])
def test_a_head_of_any_size_is_refused(port: int, field: bytes) -> None:
    with connect(port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        assert had_enough(connection, field, 0)


def test_an_answer_may_take_its_time(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.3)
        connection.sendall(b"\r\n")
        assert connection.recv(65_536).endswith(b"0 1")


def test_a_connection_may_rest_between_requests(port: int) -> None:
    with connect(port) as connection:
        for _ in range(2):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(65_536).endswith(b"0 1")
            time.sleep(0.8)


def test_what_follows_a_body_in_chunks_is_not_kept(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.sendall(b"3\r\nabc\r\n0\r\n" + b"Trailer: x\r\n" * 100 + b"\r\n")
        assert connection.recv(65_536).endswith(b"3 2")


def test_requests_that_are_sent_ahead_are_answered_in_order_and_bounded(port: int) -> None:
    ahead = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    with connect(port) as connection:
        connection.sendall(ahead * 50)
        assert everything(connection).count(b"HTTP/1.1 200 ") == 50
    with connect(port) as connection:
        connection.sendall(ahead * 5000)
        assert everything(connection).count(b"HTTP/1.1 200 ") < 5000


def test_a_connection_that_works_is_kept(port: int) -> None:
    with connect(port) as connection:
        for _ in range(8):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n")
            assert connection.recv(65_536).endswith(b"0 2")
            time.sleep(0.3)


def test_who_asks_for_a_websocket_is_answered_without_one(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
