"""A real Redis for a test, where the program is installed."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

PROGRAM = shutil.which("redis-server")
needed = pytest.mark.skipif(PROGRAM is None, reason="redis-server is not installed")


class RedisServer:
    """Listens on a socket in a folder; keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    def start(self) -> None:
        assert PROGRAM is not None
        command = [PROGRAM, "--port", "0", "--unixsocket", str(self._socket), "--save", ""]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=self._socket.parent)
        deadline = time.monotonic() + 20
        while not self._socket.exists():
            assert time.monotonic() < deadline, "redis-server did not start"
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._socket.unlink(missing_ok=True)
            self._process = None


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """A running server, stopped afterwards."""
    with TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()
