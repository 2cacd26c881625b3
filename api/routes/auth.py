"""Registering and signing in."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from api.carrying_out import carry_out, made
from api.claimed import claimant
from api.describe import operation, router
from api.fields import Body, Currency, Email, Locale, Name, Zone
from api.idempotency import frame, idempotency_key, is_dry_run, request_digest
from api.lockout import guarded_sign_in
from api.principal import principal
from api.problems import NotAuthenticated
from api.reading import read_body
from api.responses import Answer, answer, location
from api.second_factor import SecondFactor, prove_second_factor
from api.services import services
from api.signing_in import TOKEN_EXAMPLE, Token, signed_in, tokens
from api.signing_out import end_session
from api.strong_password import strong
from gateways.refresh_tokens import digest
from gateways.tokens import InvalidToken
from ledger.identity.commands import RegisterUser, RehashPassword
from ledger.identity.user import User
from ledger.ids import derived_id
from ledger.mailbox.claims import email_claims
from ledger.refusals import TryAgain
from ledger.sessions.commands import EndSessions, RefreshSession, SessionOver
from ledger.sessions.events import SessionEnded
from ledger.sessions.session import Session

routes = router("Identity")

# argon2 reads all of it, so the length is bounded; 8 characters are the least that NIST SP 800-63B allows.
Password = Annotated[
    str, StringConstraints(min_length=8, max_length=1_000), Field(examples=["correct horse battery staple"])
]


class WrongCredentials(NotAuthenticated):
    """The e-mail address or the password is wrong."""

    code = "wrong_credentials"


class TokenReused(NotAuthenticated):
    """The refresh token was used before."""

    code = "token_reused"


class Registration(Body):
    """Who registers. The time zone says what day it is in their book, the currency is its default."""

    email: Email
    password: Password
    name: Name | None = None
    currency: Currency = "USD"
    time_zone: Zone = "UTC"
    locale: Locale = "en"


class Registered(TypedDict):
    """The new person and their own book."""

    user_id: UUID
    book_id: UUID
    email: str
    name: str
    currency: str
    time_zone: str
    locale: str
    command_id: UUID


class Credentials(SecondFactor):
    """What a person signs in with: the password, and whoever has a second factor also one of that."""

    email: Email
    password: Annotated[str, StringConstraints(max_length=1_000)]


class KeySet(TypedDict):
    """Public keys as a JWK Set (RFC 7517), for Ed25519 (RFC 8037)."""

    keys: list[dict[str, str]]


class Refresh(Body):
    """The refresh token that was given out last."""

    refresh_token: Annotated[str, StringConstraints(max_length=2_000)]


class LogOut(Body):
    """Where to sign out."""

    everywhere: bool = False


@routes.post(
    "/auth/register",
    **operation(
        "Register with a book of your own",
        body=Registration,
        example={
            "email": "ada@example.com",
            "password": "correct horse battery staple",
            "name": "Ada",
            "currency": "EUR",
            "time_zone": "Europe/Berlin",
        },
        status=201,
        answer=Registered,
        refusals=(400, 409, 422, 503),
        public=True,
    ),
)
async def register(request: Request) -> Response:
    body = await read_body(request, Registration)
    known = services(request)
    name = body.name or body.email.partition("@")[0]
    await strong(request, body.password, body.email, name)
    key = idempotency_key(request)
    command = RegisterUser(
        # Before there is a person, a key is bound to the address that registers.
        command_id=derived_id("registration", body.email.casefold(), key) if key else known.new_id(),
        book_id=known.new_id(),
        actor_id=known.new_id(),
        now=known.clock(),
        request=await request_digest(request) if key else None,
        dry_run=is_dry_run(request),
        email=body.email,
        password=await known.passwords.hash(body.password),
        display_name=name,
        currency=body.currency,
        time_zone=body.time_zone,
        locale=body.locale,
    )
    outcome = await carry_out(request, command)
    first = outcome.facts[0]
    registered = Registered(
        user_id=first.stream_id,
        book_id=first.book_id,
        email=body.email,
        name=command.display_name,
        currency=body.currency,
        time_zone=body.time_zone,
        locale=body.locale,
        command_id=outcome.command_id,
    )
    return made(command, outcome, registered, [location("/v1/users/me")])


@routes.post(
    "/auth/login",
    **operation(
        "Sign in",
        body=Credentials,
        example={"email": "ada@example.com", "password": "correct horse battery staple"},
        answer=Token,
        answer_example=TOKEN_EXAMPLE,
        refusals=(401, 422, 429),
        public=True,
    ),
)
async def login(request: Request) -> Response:
    """Whoever has a second factor is answered `second_factor_needed` with the `methods` that they can prove it by:
    send the same again with one of them. For a passkey, the answer has what to ask the browser for in
    `passkey_options`."""
    body = await read_body(request, Credentials)
    known = services(request)
    user = await claimant(request, *email_claims(body.email))
    hashed = user.text.get("password") if user is not None else None
    # An unknown address takes as long as a wrong password, and is answered alike.
    async with guarded_sign_in(request, body.email, user, WrongCredentials):
        if not await known.passwords.verify(hashed, body.password) or user is None:
            raise WrongCredentials("No account has this e-mail address and password.")
    methods = ("pwd", *await prove_second_factor(request, user, body)) if user.has_second_factor else ("pwd",)
    if hashed and known.passwords.outdated(hashed):
        await _rehash(request, user, hashed, body.password)
    return await signed_in(request, user, methods)


@routes.post(
    "/auth/refresh",
    **operation(
        "Exchange a refresh token for the next pair of tokens",
        body=Refresh,
        example={"refresh_token": TOKEN_EXAMPLE["refresh_token"]},
        answer=Token,
        answer_example=TOKEN_EXAMPLE,
        refusals=(401,),
        public=True,
    ),
)
async def refresh(request: Request) -> Response:
    """Each refresh token is good once. If the answer was lost, send it again within ten seconds: the same next one is
    told once more. Later, it is taken for stolen: the session ends, and its person is told."""
    body = await read_body(request, Refresh)
    known = services(request)
    try:
        shown = known.refresh_tokens.read(body.refresh_token)
    except InvalidToken as error:
        raise NotAuthenticated(f"The refresh token is not accepted: {error}. Sign in again.") from None
    (session,) = await known.standing.of(shown.session_id)
    if not isinstance(session, Session):
        raise SessionOver("This session is not known here any more. Sign in again.")
    now, following = known.clock(), known.refresh_tokens.issue(shown.session_id, shown.generation + 1)
    command = RefreshSession(
        command_id=known.new_id(),
        book_id=session.user_id,
        actor_id=session.user_id,
        now=now,
        session_id=shown.session_id,
        shown=shown.digest,
        following=digest(following),
        expires_at=now + known.session_lifetime,
    )
    outcome = await carry_out(request, command)
    if any(isinstance(recorded.fact, SessionEnded) for recorded in outcome.facts):
        raise TokenReused(
            "This refresh token was used before. In case somebody else has it, the session was ended. Sign in again."
        )
    (user,) = await known.standing.of(session.user_id)
    proved_at = int(session.proved_at.timestamp())
    return tokens(request, user, shown.session_id, session.methods, proved_at, following)


@routes.post(
    "/auth/logout",
    **operation(
        "Sign out",
        body=LogOut,
        example={"everywhere": False},
        status=204,
    ),
)
async def logout(request: Request) -> Response:
    """Ends the session of the access token, or with `everywhere` every session of yours, this one included."""
    who = principal(request)
    body = await read_body(request, LogOut)
    if body.everywhere:
        await carry_out(request, EndSessions(**await frame(request, who)))
    else:
        await end_session(request, who, who.session_id, "signed_out")
    return Answer(b"", 204)


@routes.get(
    "/auth/jwks",
    **operation(
        "Read the public keys that access tokens are signed with",
        answer=KeySet,
        answer_example={
            "keys": [
                {
                    "kty": "OKP",
                    "crv": "Ed25519",
                    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                    "kid": "f8d8683651fac1d9",
                    "alg": "EdDSA",
                    "use": "sig",
                }
            ]
        },
        public=True,
    ),
)
async def jwks(request: Request) -> Response:
    """All keys whose tokens are accepted, so that a program may check a token without asking. The audience (`aud`)
    of an access token is `numina`."""
    return answer(KeySet(keys=services(request).tokens.jwks()))


async def _rehash(request: Request, user: User, old: str, password: str) -> None:
    """Nobody fails to sign in for it: who cannot have it now has it the next time."""
    known = services(request)
    with suppress(TryAgain):
        await known.writer.handle(
            RehashPassword(
                command_id=known.new_id(),
                book_id=user.home_book_id,
                actor_id=user.user_id,
                now=known.clock(),
                old=old,
                new=await known.passwords.hash(password),
            )
        )
