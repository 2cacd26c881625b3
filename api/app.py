"""The application: every route under one roof, every error in one form."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from fastapi.routing import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from api import document, problems
from api.cors import CrossOrigin
from api.dispatch import Dispatch
from api.metrics import Metrics
from api.middleware import Edge
from api.proxies import Proxies
from api.routes import (
    accounts,
    address,
    admin_audit,
    admin_statistics,
    admin_users,
    api_keys,
    assertions,
    audit,
    auditors,
    auth,
    avatar,
    balances,
    books,
    bulk,
    categories,
    changes,
    commands,
    consents,
    documentation,
    erasure,
    export,
    factors,
    forgotten_password,
    health,
    identities,
    invitations,
    letter_pages,
    members,
    oidc,
    passkey_sign_in,
    passkeys,
    profile_history,
    proofs,
    reconciliations,
    reports,
    sessions,
    step_up,
    totp,
    transaction_changes,
    transaction_list,
    transactions,
    users,
    verification,
)
from api.services import Services, context

# In the order in which they are looked through: what is called most stands first.
ROUTERS: tuple[APIRouter, ...] = (
    transactions.routes,
    bulk.routes,
    transaction_list.routes,
    transaction_changes.routes,
    accounts.routes,
    balances.routes,
    categories.routes,
    auth.routes,
    address.routes,
    forgotten_password.routes,
    letter_pages.routes,
    oidc.routes,
    identities.routes,
    factors.routes,
    passkeys.routes,
    passkey_sign_in.routes,
    step_up.routes,
    totp.routes,
    users.routes,
    avatar.routes,
    profile_history.routes,
    consents.routes,
    erasure.routes,
    export.routes,
    sessions.routes,
    api_keys.routes,
    books.routes,
    auditors.routes,
    members.routes,
    invitations.routes,
    reports.routes,
    assertions.routes,
    reconciliations.routes,
    audit.routes,
    proofs.routes,
    verification.routes,
    commands.routes,
    changes.routes,
    admin_users.routes,
    admin_audit.routes,
    admin_statistics.routes,
)

MIB = 1024 * 1024
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def nothing(_: FastAPI) -> AsyncIterator[None]:
    """The lifespan of an application whose services somebody else starts and stops."""
    yield


def application(
    services: Services,
    *,
    lifespan: Lifespan = nothing,
    body_limit: int = 2 * MIB,
    bulk_body_limit: int = 16 * MIB,
    proxies: Proxies = Proxies(),
    cross_origin: CrossOrigin = CrossOrigin(),
) -> ASGIApp:
    """The ASGI application on top of `services`. Limits are in bytes, inclusive."""
    metrics = Metrics()
    app = described(metrics, lifespan)
    wide = {"/v1/transactions/bulk": bulk_body_limit}
    return Edge(
        Dispatch(app, app.routes),
        services,
        metrics,
        body_limit=body_limit,
        wide=wide,
        proxies=proxies,
        cross_origin=cross_origin,
    )


def described(metrics: Metrics, lifespan: Lifespan = nothing) -> FastAPI:
    """All routes with their description; `app.openapi()` is the document."""
    app = FastAPI(
        title="Numina",
        version=document.VERSION,
        lifespan=lifespan,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={
            **dict.fromkeys(problems.EXPECTED, _refused),
            HTTPException: _http,
            Exception: _unexpected,
        },
    )
    for router in ROUTERS:
        # Taken over rather than included: a flat list is looked through in one pass.
        app.router.routes.extend(router.routes)
    app.router.routes.extend(health.routes(metrics).routes)
    app.router.routes.extend(documentation.routes(lambda: app.openapi()).routes)
    app.openapi = lambda: document.describe(app)  # type: ignore[method-assign]  # FastAPI's documented way
    return app


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, problems.EXPECTED)  # noqa: S101  # by registration
    return problems.of(error)


async def _unexpected(request: Request, _: Exception) -> Response:
    return problems.unexpected(context(request).request_id)


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # by registration
    return problems.of_http(error)
