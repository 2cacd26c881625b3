"""Health and metrics, for whoever operates the service."""

from __future__ import annotations

from typing import Literal

import psycopg
from fastapi import APIRouter
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.catalogue import catalogue
from api.describe import operation, router
from api.metrics import Metrics
from api.reaction_progress import reaction_gauges
from api.responses import Answer, answer
from api.services import services
from projections import auditor

_HEAD = "SELECT position FROM record.head"
# More facts than a projector applies in a few seconds: whoever reads would wait in vain.
MOST_LAG = 100_000


class Live(TypedDict):
    """The process answers."""

    status: Literal["alive"]


class Ready(TypedDict):
    """Whether requests would be served. `lag` is how many facts the read models are behind."""

    status: Literal["ready", "not ready"]
    database: Literal["reachable", "unreachable"]
    head: int
    projected: int
    lag: int


def routes(metrics: Metrics) -> APIRouter:
    """The operations outside of /v1, telling of `metrics`."""
    made = router("Operation", prefix="")

    @made.get(
        "/health/live",
        **operation(
            "Tell whether the process answers", answer=Live, answer_example={"status": "alive"}, public=True
        ),
    )
    async def live(request: Request) -> Response:
        return answer(Live(status="alive"))

    @made.get(
        "/health/ready",
        **operation(
            "Tell whether requests would be served",
            answer=Ready,
            answer_example={
                "status": "ready",
                "database": "reachable",
                "head": 1204,
                "projected": 1204,
                "lag": 0,
            },
            public=True,
        ),
    )
    async def ready(request: Request) -> Response:
        state = await _state(request)
        return answer(state, 200 if state["status"] == "ready" else 503)

    @made.get(
        "/metrics",
        **operation(
            "Read the metrics (Prometheus text format)", public=True, media="text/plain", answer_example=""
        ),
    )
    async def exposition(request: Request) -> Response:
        return Answer(
            metrics.text(await _present(request)), media=b"text/plain; version=0.0.4; charset=utf-8"
        )

    @made.get(
        "/problems",
        **operation(
            "List every problem code", public=True, media="text/markdown", answer_example="# Problems"
        ),
    )
    async def problems(request: Request) -> Response:
        return Answer(catalogue().encode(), media=b"text/markdown; charset=utf-8")

    return made


async def _present(request: Request) -> dict[str, float]:
    """The values of this moment; what the database cannot be asked for is left out."""
    known = services(request)
    present = known.gauges()
    state = await _state(request)
    if state["database"] == "reachable":
        present |= {"head_position": state["head"], "projection_lag_facts": state["lag"]}
        async with known.pool.connection() as connection:
            verified = await auditor.status(connection)
            present |= await reaction_gauges(connection)
        if verified is not None:
            present |= {
                "auditor_position": verified.position,
                "auditor_mismatches": verified.mismatches,
                "auditor_mismatches_under_way": verified.under_way_mismatches,
            }
            if verified.verified_at is not None:
                age = known.clock() - verified.verified_at
                present["auditor_age_seconds"] = age.total_seconds()
    return present


async def _state(request: Request) -> Ready:
    known = services(request)
    projected = known.freshness.position
    try:
        async with known.pool.connection(timeout=2) as connection:
            row = await (await connection.execute(_HEAD)).fetchone()
    except (psycopg.Error, PoolTimeout):
        return Ready(status="not ready", database="unreachable", head=0, projected=projected, lag=0)
    head = int(row[0]) if row else 0
    lag = max(0, head - projected)
    return Ready(
        status="ready" if lag <= MOST_LAG else "not ready",
        database="reachable",
        head=head,
        projected=projected,
        lag=lag,
    )
