"""What the process tells Prometheus: how long requests took, where the writer and the projections are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import Scope

_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """One registry for each application, so that several may live in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._latency = Histogram(
            "numina_http_request_seconds",
            "Time from the first to the last byte of a request, by route template.",
            ("method", "route", "status"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._children: dict[tuple[str, str, int], Histogram] = {}

    def observe(self, scope: Scope, status: int, seconds: float) -> None:
        """Counts one request. Unknown addresses share one label, so that nobody can fill the memory."""
        route = scope.get("route")
        key = (scope["method"], route.path, status) if route is not None else ("ANY", "unmatched", status)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = self._latency.labels(*map(str, key))
        child.observe(seconds)

    def text(self, present: Mapping[str, float]) -> bytes:
        """The exposition format (text, version 0.0.4); `present` are the values of this moment by name."""
        moment = CollectorRegistry()
        moment.register(_Gauges(present))
        return generate_latest(self.registry) + generate_latest(moment)


class _Gauges(Collector):
    """The values of this moment, under names such as numina_projection_lag_facts."""

    def __init__(self, present: Mapping[str, float]) -> None:
        self._present = present

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, value in self._present.items():
            yield GaugeMetricFamily(f"numina_{name}", name.replace("_", " "), value=value)
