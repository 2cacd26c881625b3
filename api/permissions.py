"""Who may call what: every operation, and what it demands. An operation that is not in here cannot be served."""

from __future__ import annotations

from collections.abc import Mapping

from api.access import PUBLIC, RECENT, Access, book, person

PERMISSIONS: Mapping[str, Access] = {
    "GET /health/live": PUBLIC,
    "GET /health/ready": PUBLIC,
    "GET /metrics": PUBLIC,
    "GET /docs": PUBLIC,
    "GET /problems": PUBLIC,
    # Coming in.
    "POST /v1/auth/register": PUBLIC,
    "POST /v1/auth/login": PUBLIC,
    "POST /v1/auth/refresh": PUBLIC,
    "GET /v1/auth/jwks": PUBLIC,
    "POST /v1/auth/logout": person(),
    "POST /v1/auth/passkeys/sign-in/options": PUBLIC,
    "POST /v1/auth/passkeys/sign-in": PUBLIC,
    # Passkeys. Adding one takes a challenge, which takes a fresh proof.
    "POST /v1/auth/passkeys/options": person(max_age=RECENT),
    "POST /v1/auth/passkeys": person(),
    "GET /v1/auth/passkeys": person(),
    "PATCH /v1/auth/passkeys/{passkey_id}": person(),
    "DELETE /v1/auth/passkeys/{passkey_id}": person(max_age=RECENT),
    "POST /v1/auth/passkeys/proof/options": person(),
    # Oneself.
    "GET /v1/users/me": person("profile:read"),
    "PATCH /v1/users/me": person(),
    "GET /v1/users/me/history": person("profile:read"),
    "GET /v1/users/me/avatar": person("profile:read"),
    "PUT /v1/users/me/avatar": person(),
    "DELETE /v1/users/me/avatar": person(),
    "GET /v1/users/{user_id}/avatar": person("profile:read"),
    "GET /v1/users/me/consents": person("profile:read"),
    "POST /v1/users/me/consents": person(),
    "GET /v1/users/me/export": person(max_age=RECENT),
    "DELETE /v1/users/me": person(max_age=RECENT),
    "POST /v1/users/me/erasure/cancel": person(),
    "GET /v1/users/me/sessions": person(),
    "DELETE /v1/users/me/sessions": person(),
    "DELETE /v1/users/me/sessions/{session_id}": person(),
    # Books.
    "POST /v1/books": person("books:write"),
    "GET /v1/books": person("books:read"),
    "GET /v1/books/{book_id}": book("books:read", "viewer", in_path=True),
    "PATCH /v1/books/{book_id}": book("books:write", "owner", in_path=True),
    # What is owned and owed, and what money is spent on.
    "POST /v1/accounts": book("accounts:write", "editor"),
    "GET /v1/accounts": book("accounts:read", "viewer"),
    "GET /v1/accounts/{account_id}": book("accounts:read", "viewer"),
    "PATCH /v1/accounts/{account_id}": book("accounts:write", "editor"),
    "DELETE /v1/accounts/{account_id}": book("accounts:write", "editor"),
    "GET /v1/accounts/{account_id}/balance": book("accounts:read", "viewer"),
    "GET /v1/accounts/{account_id}/statement": book("transactions:read", "viewer"),
    "POST /v1/categories": book("accounts:write", "editor"),
    "GET /v1/categories": book("accounts:read", "viewer"),
    "GET /v1/categories/{category_id}": book("accounts:read", "viewer"),
    "PATCH /v1/categories/{category_id}": book("accounts:write", "editor"),
    "DELETE /v1/categories/{category_id}": book("accounts:write", "editor"),
    # Money that moves.
    "POST /v1/transactions": book("transactions:write", "editor"),
    "POST /v1/transactions/bulk": book("transactions:write", "editor"),
    "GET /v1/transactions": book("transactions:read", "viewer"),
    "GET /v1/transactions/{transaction_id}": book("transactions:read", "viewer"),
    "PUT /v1/transactions/{transaction_id}": book("transactions:write", "editor"),
    "DELETE /v1/transactions/{transaction_id}": book("transactions:write", "editor"),
    "POST /v1/transactions/{transaction_id}/post": book("transactions:write", "editor"),
    "POST /v1/transactions/{transaction_id}/void": book("transactions:write", "editor"),
    "POST /v1/transactions/{transaction_id}/clear": book("transactions:write", "editor"),
    "GET /v1/transactions/{transaction_id}/history": book("transactions:read", "viewer"),
    # What was checked against the bank.
    "POST /v1/assertions": book("accounts:write", "editor"),
    "GET /v1/assertions": book("accounts:read", "viewer"),
    "GET /v1/assertions/{assertion_id}": book("accounts:read", "viewer"),
    "DELETE /v1/assertions/{assertion_id}": book("accounts:write", "editor"),
    "POST /v1/reconciliations": book("transactions:write", "editor"),
    "GET /v1/reconciliations": book("transactions:read", "viewer"),
    "GET /v1/reconciliations/{reconciliation_id}": book("transactions:read", "viewer"),
    "POST /v1/reconciliations/{reconciliation_id}/unlock": book("transactions:write", "editor"),
    # Sums.
    "GET /v1/reports/monthly": book("reports:read", "viewer"),
    "GET /v1/reports/income-statement": book("reports:read", "viewer"),
    "GET /v1/reports/balance-sheet": book("reports:read", "viewer"),
    "GET /v1/reports/net-worth": book("reports:read", "viewer"),
    "GET /v1/reports/cash-flow": book("reports:read", "viewer"),
    # What happened, and the proof.
    "GET /v1/audit/logs": book("audit:read", "viewer"),
    "GET /v1/audit/checkpoint": person("audit:read"),
    "GET /v1/audit/proofs/{position}": book("audit:read", "viewer"),
    "GET /v1/audit/verification": book("audit:read", "viewer"),
    "GET /v1/commands/{command_id}": book("transactions:read", "viewer"),
    "POST /v1/commands/{command_id}/undo": book("transactions:write", "editor"),
    "GET /v1/changes": book("transactions:read", "viewer"),
    "GET /v1/stream": book("transactions:read", "viewer"),
}
