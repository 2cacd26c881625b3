"""Python set up for going through millions of objects that live for a moment."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def calm() -> Iterator[None]:
    """Holds back the collector of cycles, and lets threads take turns quickly.

    The collector would walk each window several times for nothing, as facts make no cycles. And a thread
    that hears from PostgreSQL must not wait the usual five milliseconds for the one that decodes.
    """
    thresholds, interval = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(500_000, *thresholds[1:])
    sys.setswitchinterval(0.001)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        sys.setswitchinterval(interval)
