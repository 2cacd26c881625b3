"""What each part of the system used while something was measured: processor time and memory by role."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

SAMPLE = 0.2
MIB = 1 << 20


@dataclass
class Usage:
    """Shares of one core by role, and the most memory (MiB resident) that the first process of it had."""

    cores: dict[str, float] = field(default_factory=dict)
    peak_mib: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        busiest = sorted(self.cores.items(), key=lambda item: -item[1])
        return ", ".join(f"{role} {share:.0%}" for role, share in busiest if share >= 0.01) + " of a core"


@contextmanager
def measured(roles: Mapping[str, Sequence[int]], postmaster: int) -> Iterator[Usage]:
    """Fills the yielded Usage when the block ends. PostgreSQL's processes are found from its postmaster.

    Time of a process that ends within the block is lost, so connections are to outlive it.
    """
    usage = Usage()
    stop = threading.Event()
    sampler = threading.Thread(target=_sample, args=(roles, usage, stop), daemon=True)
    before, start = _times(roles, postmaster), time.perf_counter()
    sampler.start()
    try:
        yield usage
    finally:
        span = time.perf_counter() - start
        after = _times(roles, postmaster)
        stop.set()
        sampler.join()
        for role in after:
            spent = sum(after[role][pid] - before[role].get(pid, 0.0) for pid in after[role])
            usage.cores[role] = spent / span


def resident_mib(pid: int) -> float:
    """The memory that a process has resident now."""
    return float(psutil.Process(pid).memory_info().rss) / MIB


def own_peak_mib() -> float:
    """The most memory that this process had resident since it began its program."""
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return float("nan")


def _sample(roles: Mapping[str, Sequence[int]], usage: Usage, stop: threading.Event) -> None:
    while not stop.is_set():
        for role, pids in roles.items():
            try:
                usage.peak_mib[role] = max(usage.peak_mib.get(role, 0.0), resident_mib(pids[0]))
            except psutil.NoSuchProcess:
                continue
        stop.wait(SAMPLE)


def _times(roles: Mapping[str, Sequence[int]], postmaster: int) -> dict[str, dict[int, float]]:
    """Processor seconds by role and process id."""
    found = {role: {pid: _seconds(pid) for pid in pids} for role, pids in roles.items()}
    backends = psutil.Process(postmaster).children(recursive=True)
    found["PostgreSQL"] = {process.pid: _seconds(process.pid) for process in backends}
    return found


def _seconds(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
