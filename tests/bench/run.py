"""What every measure is handed: the server, the sizes, somewhere to say how it goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from migrations.runner import migrate
from tests.bench.database import Server
from tests.bench.sizes import Sizes


@dataclass(frozen=True)
class Run:
    """One run of the suite. `say` shows what is being done now; it is silent while something is measured."""

    server: Server
    sizes: Sizes
    say: Callable[[str], None]

    def home(self, name: str) -> Path:
        """A data folder for a service of this run."""
        home = self.server.home / f"service-{name}"
        home.mkdir(mode=0o700, exist_ok=True)
        return home

    def database(self, name: str) -> str:
        """A fresh migrated database."""
        url = self.server.create(name)
        migrate(url)
        return url
