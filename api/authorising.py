"""Whether a request may go on: the access token, the session that it was given to, the book, and the table."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from starlette.requests import Request

from api.access import Access
from api.principal import Principal
from api.problems import NotAuthenticated
from api.services import Context, context
from gateways.tokens import Identity, InvalidToken, UnknownKey
from ledger.books.book import Book
from ledger.books.commands import UnknownBook
from ledger.books.roles import reaches
from ledger.identity.user import User
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


async def admit(request: Request, access: Access) -> None:
    """Lets the request on to its operation, with its principal in the context.

    Costs no round trip to the database while the session and the book are remembered. Raises NotAuthenticated,
    UnknownBook (alike for a book that does not exist and one of somebody else), NotPermitted, StepUpNeeded,
    RateLimited, TryAgain.
    """
    if access.who == "anybody":
        return
    found = context(request)
    identity = await _identity(found)
    book_id = None
    if access.who == "member":
        book_id = _book(request, found, identity, access)
    _, book = await _present(found, identity, book_id)
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
    if access.who == "staff":
        raise NotPermitted("This is for those who operate the service.", needed_roles=list(access.staff))
    age = found.services.clock().timestamp() - identity.auth_time
    if access.max_age is not None and age > access.max_age:
        raise StepUpNeeded(
            f"This needs a proof of who you are that is no older than {access.max_age} seconds: "
            "POST /v1/auth/step-up, then try again with the token that it gives.",
            max_age=access.max_age,
        )
    found.principal = Principal(
        user_id=identity.user_id,
        book_id=book_id or identity.home_book_id,
        home_book_id=identity.home_book_id,
        role=role,
        session_id=identity.session_id,
        auth_time=identity.auth_time,
        methods=identity.methods,
        expires=identity.expires,
    )
    await found.services.rates.count_person(identity.user_id, None, found.counted)


async def _identity(found: Context) -> Identity:
    """Whom the bearer token speaks for."""
    header = found.headers.get(b"authorization")
    if header is None:
        raise NotAuthenticated(
            "Send the access token from POST /v1/auth/login as `Authorization: Bearer ...`."
        )
    scheme, _, token = header.partition(b" ")
    if scheme.lower() != b"bearer":
        raise NotAuthenticated("The Authorization header must be `Bearer` and an access token.")
    tokens = found.services.tokens
    try:
        try:
            return tokens.verify(token.decode("latin-1"))
        except UnknownKey:
            await tokens.refresh()
            return tokens.verify(token.decode("latin-1"))
    except InvalidToken as error:
        raise NotAuthenticated(f"The access token is not accepted: {error}. {_SIGN_IN}") from None


def _book(request: Request, found: Context, identity: Identity, access: Access) -> UUID:
    """The book that the request names, or their own."""
    if access.in_path:
        wanted, field = request.path_params["book_id"], None
    else:
        header = found.headers.get(b"numina-book")
        if header is None:
            return identity.home_book_id
        wanted, field = header.decode("latin-1"), "Numina-Book"
    try:
        return UUID(wanted)
    except ValueError:
        raise UnknownBook("This is not the id of one of your books.", field=field) from None


async def _present(found: Context, identity: Identity, book_id: UUID | None) -> tuple[User, Any]:
    """The person, who is still signed in, and the book. Raises NotAuthenticated."""
    standing = found.services.standing
    user = standing.known(identity.user_id, User)
    session = standing.known(identity.session_id, Session)
    book: Any = standing.known(book_id, Book) if book_id is not None else None
    if user is None or session is None or (book is None and book_id is not None):
        wanted = [identity.user_id, identity.session_id, *([book_id] if book_id else ())]
        user, session, *rest = await standing.of(*wanted)
        book = rest[0] if rest else None
    if not isinstance(user, User) or not user.present:
        raise NotAuthenticated("The person of this token is not known here any more.")
    if not isinstance(session, Session) or not session.admits(user):
        raise NotAuthenticated(f"This session has ended. {_SIGN_IN}")
    return user, book
