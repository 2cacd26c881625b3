"""Whether a request may go on: the access token or API key, what stands behind it, the book, and the table."""

from __future__ import annotations

import datetime as dt
import hmac
from typing import Any, NamedTuple
from uuid import UUID

from starlette.requests import Request

from api.access import Access
from api.client import network
from api.principal import Principal
from api.problems import NotAuthenticated
from api.services import Context, context
from gateways.api_keys import PREFIX
from gateways.tokens import InvalidToken, UnknownKey
from ledger.authority.refusals import Suspended
from ledger.books.book import Book
from ledger.books.refusals import UnknownBook
from ledger.books.roles import reaches
from ledger.identity.user import User
from ledger.keys.key import ApiKey
from ledger.refusals import Refusal
from ledger.sessions.session import Session

_SIGN_IN = "Sign in again with POST /v1/auth/login, or POST /v1/auth/refresh with your refresh token."


class NotPermitted(Refusal):
    """You may not do this here."""

    code = "not_permitted"
    status = 403


class StepUpNeeded(Refusal):
    """This needs a fresh proof that it is you."""

    code = "step_up_needed"
    status = 403


class AddressUnverified(Refusal):
    """This needs an address that is known to be yours."""

    code = "address_unverified"
    status = 403


class ScopeNeeded(Refusal):
    """This API key was not given the scope that this operation needs."""

    code = "scope_needed"
    status = 403


class Caller(NamedTuple):
    """Whom a token or key speaks for, and what it was given to; as Principal has it."""

    user_id: UUID
    home_book_id: UUID
    session_id: UUID | None
    auth_time: int
    methods: tuple[str, ...]
    expires: int
    key: ApiKey | None = None


async def admit(request: Request, access: Access) -> None:
    """Lets the request on to its operation, with its principal in the context.

    Costs no round trip to the database while the session and the book are remembered. Raises NotAuthenticated,
    UnknownBook (alike for a book that does not exist and one of somebody else), NotPermitted, ScopeNeeded,
    StepUpNeeded, AddressUnverified, Suspended, RateLimited, TryAgain.
    """
    if access.who == "anybody":
        return
    found = context(request)
    now = found.services.clock()
    identity = await _caller(request, found, access, now)
    book_id = None
    if access.who == "member":
        book_id = _book(request, found, identity, access)
    user, book = await _present(found, identity, book_id)
    role = None
    if book_id is not None:
        role = book.role_of(identity.user_id) if isinstance(book, Book) else None
        if role is None:
            raise UnknownBook("There is no such book among yours.", book_id=str(book_id))
        if not reaches(role, access.role):
            raise NotPermitted(
                f"You are a {role} of this book. This takes a role of {access.role} or more.",
                role=role,
                needed_role=access.role,
            )
    if access.who == "staff" and not user.authority.any_of(access.staff):
        raise NotPermitted("This is for those who operate the service.", needed_roles=list(access.staff))
    if access.max_age is not None:
        proved_lately(found, identity.auth_time, access.max_age)
    if access.verified and not user.verified:
        raise AddressUnverified(
            "Open the link that was mailed to you first, or have another one sent: POST /v1/auth/verify/resend."
        )
    found.principal = Principal(
        user_id=identity.user_id,
        book_id=book_id or identity.home_book_id,
        home_book_id=identity.home_book_id,
        role=role,
        session_id=identity.session_id,
        key_id=identity.key.key_id if identity.key else None,
        only_book=identity.key.only_book if identity.key else None,
        auth_time=identity.auth_time,
        methods=identity.methods,
        expires=identity.expires,
    )
    key = identity.key
    await found.services.rates.count_person(identity.user_id, key.key_id if key else None, found.counted)
    if key is not None:
        found.services.key_uses.used(key, network(request), now)


def proved_lately(found: Context, auth_time: int, max_age: int) -> None:
    """Raises StepUpNeeded when the person proved who they are (at `auth_time`) more than `max_age` seconds ago."""
    if found.services.clock().timestamp() - auth_time > max_age:
        raise StepUpNeeded(
            f"This needs a proof of who you are that is no older than {max_age} seconds: "
            "POST /v1/auth/step-up, then try again with the token that it gives.",
            max_age=max_age,
        )


async def _caller(request: Request, found: Context, access: Access, now: dt.datetime) -> Caller:
    """Whom the bearer token or the API key speaks for."""
    header = found.headers.get(b"authorization")
    if header is None:
        raise NotAuthenticated(
            "Send the access token from POST /v1/auth/login as `Authorization: Bearer ...`."
        )
    scheme, _, token = header.partition(b" ")
    if scheme.lower() != b"bearer":
        raise NotAuthenticated("The Authorization header must be `Bearer` and an access token.")
    said = token.decode("latin-1")
    if said.startswith(PREFIX):
        return await _by_key(request, found, said, access, now)
    tokens = found.services.tokens
    try:
        try:
            return Caller(*tokens.verify(said))
        except UnknownKey:
            await tokens.refresh()
            return Caller(*tokens.verify(said))
    except InvalidToken as error:
        raise NotAuthenticated(f"The access token is not accepted: {error}. {_SIGN_IN}") from None


async def _by_key(request: Request, found: Context, said: str, access: Access, now: dt.datetime) -> Caller:
    """Whom an API key with the scope for this speaks for. Raises NotAuthenticated, NotPermitted, ScopeNeeded."""
    standing = found.services.standing
    try:
        shown = found.services.api_keys.read(said)
    except InvalidToken as error:
        raise NotAuthenticated(f"The API key is not accepted: {error}.") from None
    key = standing.known(shown.key_id, ApiKey) or (await standing.of(shown.key_id))[0]
    if not isinstance(key, ApiKey) or not hmac.compare_digest(key.digest, shown.digest):
        raise NotAuthenticated("There is no such API key.")
    user = standing.known(key.user_id, User) or (await standing.of(key.user_id))[0]
    if not isinstance(user, User) or not user.present:
        raise NotAuthenticated("The person of this key is not known here any more.")
    over = key.over(now, user.mailbox.reclaimed_at)
    if over is not None:
        found.services.key_uses.misused(key, network(request), now)
        raise NotAuthenticated(f"This API key is {over}. Make another one.")
    if access.scope is None:
        raise NotPermitted("No API key may do this. Sign in.")
    if access.scope not in key.scopes:
        raise ScopeNeeded(f"This takes a key with the scope {access.scope}.", needed_scope=access.scope)
    expires = int(key.expires_at.timestamp()) if key.expires_at is not None else 0
    return Caller(user.user_id, user.home_book_id, None, 0, (), expires, key)


def _book(request: Request, found: Context, identity: Caller, access: Access) -> UUID:
    """The book that the request names, or their own, or the only one that their key is good in."""
    only = identity.key.only_book if identity.key is not None else None
    if access.in_path:
        wanted, field = request.path_params["book_id"], None
    else:
        header = found.headers.get(b"numina-book")
        if header is None:
            return only or identity.home_book_id
        wanted, field = header.decode("latin-1"), "Numina-Book"
    try:
        book_id = UUID(wanted)
    except ValueError:
        raise UnknownBook("This is not the id of one of your books.", field=field) from None
    if only is not None and book_id != only:
        raise UnknownBook("There is no such book among yours.", book_id=str(book_id))
    return book_id


async def _present(found: Context, identity: Caller, book_id: UUID | None) -> tuple[User, Any]:
    """The person, who is still signed in unless they come by a key, and the book. Raises NotAuthenticated,
    Suspended."""
    standing = found.services.standing
    # What a key is good for was seen before.
    behind = identity.session_id or identity.user_id
    user = standing.known(identity.user_id, User)
    session: Any = standing.known(behind, Session if identity.session_id else User)
    book: Any = standing.known(book_id, Book) if book_id is not None else None
    if user is None or session is None or (book is None and book_id is not None):
        wanted = [identity.user_id, behind, *([book_id] if book_id else ())]
        user, session, *rest = await standing.of(*wanted)
        book = rest[0] if rest else None
    if not isinstance(user, User) or not user.present:
        raise NotAuthenticated("The person of this token is not known here any more.")
    by_key = identity.session_id is None
    if not by_key and (not isinstance(session, Session) or not session.admits(user)):
        raise NotAuthenticated(f"This session has ended. {_SIGN_IN}")
    if user.authority.suspended:
        raise Suspended("Ask whoever operates this service.")
    return user, book
