"""Access tokens: short-lived, signed by this installation, and nobody else's."""

import asyncio
import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateways.signing import SigningKey
from gateways.tokens import InvalidToken, Keys, Tokens, UnknownKey
from ledger.ids import new_id

USER, BOOK, SESSION = uuid4(), uuid4(), uuid4()
HOUR = timedelta(hours=1)


CLAIMS = {
    "iss": "numina",
    "aud": "numina",
    "sub": str(USER),
    "book": str(BOOK),
    "sid": str(SESSION),
    "auth_time": 1,
    "amr": ["pwd"],
    "iat": 1,
    "exp": 9_999_999_999,
}


class SettableClock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def signing_key(kid: str = "abc123") -> SigningKey:
    return SigningKey(kid, Ed25519PrivateKey.generate())


def made(
    key: SigningKey,
    clock: SettableClock,
    publics: Callable[[], dict[str, Ed25519PublicKey]] = dict,
    remembered: int = 100,
) -> Tokens:
    """Tokens signed with `key`; `publics` tells the other keys that are accepted."""

    def keys() -> Keys:
        return Keys(key, {key.kid: key.private.public_key()} | publics())

    return Tokens(keys, clock=clock, new_id=new_id, lifetime=HOUR, remembered=remembered)


def issued(tokens: Tokens) -> str:
    return tokens.issue(USER, BOOK, SESSION, ("pwd",), 1_700_000_000)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


def test_a_token_speaks_for_its_person_until_it_expires(clock: SettableClock) -> None:
    tokens = made(signing_key(), clock)
    token = issued(tokens)
    for _ in range(2):
        identity = tokens.verify(token)
        assert (identity.user_id, identity.home_book_id) == (USER, BOOK)
    clock.now += HOUR - timedelta(seconds=1)
    tokens.verify(token)
    clock.now += timedelta(seconds=1)
    with pytest.raises(InvalidToken, match="expired"):
        tokens.verify(token)
    with pytest.raises(InvalidToken, match="expired"):
        tokens.verify(token)


def test_a_token_of_another_installation_is_refused(clock: SettableClock) -> None:
    theirs = issued(made(signing_key(), clock))
    with pytest.raises(InvalidToken):
        made(signing_key(), clock).verify(theirs)


def test_a_token_of_a_key_that_another_process_made_is_accepted_after_asking(clock: SettableClock) -> None:
    ours, theirs = signing_key("ours"), signing_key("theirs")
    known: dict[str, Ed25519PublicKey] = {}
    tokens = made(ours, clock, lambda: known)
    token = issued(made(theirs, clock))
    with pytest.raises(UnknownKey):
        tokens.verify(token)
    known["theirs"] = theirs.private.public_key()
    asyncio.run(tokens.refresh())
    assert tokens.verify(token).user_id == USER


def test_a_token_of_a_key_that_was_withdrawn_is_refused_though_it_was_seen_before(
    clock: SettableClock,
) -> None:
    ours, stolen = signing_key("ours"), signing_key("stolen")
    known = {"stolen": stolen.private.public_key()}
    tokens = made(ours, clock, lambda: known)
    token = issued(made(stolen, clock))
    tokens.verify(token)
    del known["stolen"]
    asyncio.run(tokens.refresh())
    with pytest.raises(InvalidToken):
        tokens.verify(token)


def test_a_token_tells_the_session_and_how_it_was_opened(clock: SettableClock) -> None:
    tokens = made(signing_key(), clock)
    identity = tokens.verify(issued(tokens))
    assert (identity.session_id, identity.methods, identity.auth_time) == (SESSION, ("pwd",), 1_700_000_000)


def test_whoever_has_the_public_keys_can_check_a_token(clock: SettableClock) -> None:
    old, new = signing_key("old1"), signing_key("new2")
    tokens = made(new, clock, lambda: {key.kid: key.private.public_key() for key in (old, new)})
    published = jwt.PyJWKSet.from_dict({"keys": tokens.jwks()})
    for key in (old, new):
        token = issued(made(key, clock))
        claims = jwt.decode(
            token,
            published[key.kid],
            algorithms=["EdDSA"],
            audience="numina",
            options={"verify_exp": False, "verify_iat": False},
        )
        assert claims["sub"] == str(USER)


def test_made_up_key_names_do_not_ask_the_database_again_and_again(clock: SettableClock) -> None:
    asked = []

    def publics() -> dict[str, Ed25519PublicKey]:
        asked.append(clock.now)
        return {}

    tokens = made(signing_key(), clock, publics)

    async def often() -> None:
        for number in range(50):
            with pytest.raises(UnknownKey):
                tokens.verify(issued(made(signing_key(f"fake{number}"), clock)))
            await tokens.refresh()

    asyncio.run(often())
    assert len(asked) == 2
    clock.now += timedelta(seconds=10)
    asyncio.run(often())
    assert len(asked) == 3


def test_an_unsigned_or_symmetric_token_is_refused(clock: SettableClock) -> None:
    key = signing_key()
    tokens = made(key, clock)
    claims = {**CLAIMS}
    unsigned = jwt.encode(claims, None, "none", headers={"kid": key.kid})
    symmetric = jwt.encode(claims, "s" * 32, "HS256", headers={"kid": key.kid})
    for token in (unsigned, symmetric):
        with pytest.raises(InvalidToken):
            tokens.verify(token)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"iss": "else"},
        {"aud": "else"},
        {"aud": None},
        {"sub": "x"},
        {"sub": 7},
        {"book": None},
        {"exp": "soon"},
        {"exp": None},
        {"iat": None},
        {"sid": None},
        {"sid": "x"},
        {"amr": None},
        {"amr": 7},
        {"auth_time": "yesterday"},
    ],
)
def test_only_a_token_with_all_the_right_claims_is_accepted(
    clock: SettableClock, change: dict[str, object]
) -> None:
    key = signing_key()
    claims = {**CLAIMS} | change
    present = {name: value for name, value in claims.items() if value is not None}
    head = base64.urlsafe_b64encode(json.dumps({"alg": "EdDSA", "kid": key.kid}).encode()).rstrip(b"=")
    body = base64.urlsafe_b64encode(json.dumps(present).encode()).rstrip(b"=")
    signature = base64.urlsafe_b64encode(key.private.sign(head + b"." + body)).rstrip(b"=")
    token = b".".join((head, body, signature)).decode()
    if not change:
        assert made(key, clock).verify(token).user_id == USER
        return
    with pytest.raises(InvalidToken):
        made(key, clock).verify(token)


def test_no_more_tokens_are_remembered_than_allowed(clock: SettableClock) -> None:
    tokens = made(signing_key(), clock, remembered=3)
    for _ in range(10):
        tokens.verify(issued(tokens))
    assert len(tokens._remembered) == 3
