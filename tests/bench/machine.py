"""The machine and the versions that a figure was measured with."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

PACKAGES = (
    "eventsourcing",
    "psycopg",
    "fastapi",
    "uvicorn",
    "uvloop",
    "pydantic",
    "msgspec",
    "django-hordak",
)


def describe() -> dict[str, str]:
    """Name to value, ready to print: processor, cores, memory, system, Python and packages."""
    facts = {
        "processor": _processor(),
        "cores": f"{psutil.cpu_count()} (client, service and PostgreSQL share them)",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
    for package in PACKAGES:
        try:
            facts[package] = version(package)
        except PackageNotFoundError:
            facts[package] = "not installed"
    return facts


def load() -> str:
    """How busy the machine is with something else: the one-minute load average."""
    return f"{psutil.getloadavg()[0]:.2f}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text().splitlines()
        fields = dict(line.partition(":")[::2] for line in lines if ":" in line)
        named = {name.strip(): value.strip() for name, value in fields.items()}
        return f"{named.get('model name')}, family {named.get('cpu family')}, model {named.get('model')}"
    return platform.processor() or platform.machine()
