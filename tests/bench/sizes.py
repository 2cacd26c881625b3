"""How much a run measures: the full table, or a smoke run of a few minutes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Counts of one run; `runs` is how many samples a median is taken of."""

    runs: int
    batches: int
    """Batches of 1,000 commands in one sample of the writer."""
    requests: int
    """Requests in one sample over 100 connections."""
    warm: int
    alone: int
    """Requests in one sample over one connection."""
    bulks: int
    """Bulk requests of 1,000 in one sample."""
    lag_seconds: float
    history: int
    """Transactions of ten years in the book that is read."""
    other_history: int
    """Transactions in the big book beside it."""
    reads: int
    """Reads of each kind in one sample."""
    small: int
    medium: int
    large: int
    """Transactions in the record when growth and rebuild are measured."""
    journal: int
    """Transactions in hledger's journal."""
    commits: int
    """Commits of each client of the peers that commit one at a time."""
    sign_ins: int
    """Sign-ins one after the other in one sample."""


FULL = Sizes(
    runs=3,
    batches=20,
    requests=20_000,
    warm=1_000,
    alone=3_000,
    bulks=10,
    lag_seconds=10,
    history=100_000,
    other_history=500_000,
    reads=200,
    small=10_000,
    medium=100_000,
    large=1_000_000,
    journal=100_000,
    commits=1_000,
    sign_ins=100,
)

QUICK = Sizes(
    runs=3,
    batches=5,
    requests=3_000,
    warm=300,
    alone=500,
    bulks=3,
    lag_seconds=3,
    history=10_000,
    other_history=20_000,
    reads=50,
    small=2_000,
    medium=10_000,
    large=30_000,
    journal=5_000,
    commits=200,
    sign_ins=20,
)
