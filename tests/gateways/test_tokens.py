"""Access tokens: short-lived, signed by this installation, and nobody else's."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateways.signing import SigningKey
from gateways.tokens import InvalidToken, Tokens
from ledger.ids import new_id

USER, BOOK = uuid4(), uuid4()
HOUR = timedelta(hours=1)


CLAIMS = {
    "iss": "numina", "aud": "numina", "sub": str(USER), "book": str(BOOK), "iat": 1, "exp": 9_999_999_999
}  # fmt: skip


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
    public: Callable[[], dict[str, Ed25519PublicKey]] = dict,
    remembered: int = 100,
) -> Tokens:
    return Tokens(key, public, clock=clock, new_id=new_id, lifetime=HOUR, remembered=remembered)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


def test_a_token_speaks_for_its_person_until_it_expires(clock: SettableClock) -> None:
    tokens = made(signing_key(), clock)
    token = tokens.issue(USER, BOOK)
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
    theirs = made(signing_key(), clock).issue(USER, BOOK)
    with pytest.raises(InvalidToken):
        made(signing_key(), clock).verify(theirs)


def test_a_token_of_an_earlier_key_is_accepted_after_rotation(clock: SettableClock) -> None:
    old, new = signing_key("old1"), signing_key("new1")
    token = made(old, clock).issue(USER, BOOK)
    asked = []

    def public() -> dict[str, Ed25519PublicKey]:
        asked.append(1)
        return {"old1": old.private.public_key()}

    assert made(new, clock, public).verify(token).user_id == USER
    assert len(asked) == 1


def test_whoever_has_the_public_keys_can_check_a_token(clock: SettableClock) -> None:
    old, new = signing_key("old1"), signing_key("new2")
    tokens = made(new, clock, lambda: {key.kid: key.private.public_key() for key in (old, new)})
    published = jwt.PyJWKSet.from_dict({"keys": tokens.jwks()})
    for key in (old, new):
        token = made(key, clock).issue(USER, BOOK)
        claims = jwt.decode(
            token,
            published[key.kid],
            algorithms=["EdDSA"],
            audience="numina",
            options={"verify_exp": False, "verify_iat": False},
        )
        assert claims["sub"] == str(USER)


def test_reading_the_keys_does_not_ask_the_database_again_and_again(clock: SettableClock) -> None:
    asked = []

    def public() -> dict[str, Ed25519PublicKey]:
        asked.append(clock.now)
        return {}

    key = signing_key()
    tokens = made(key, clock, public)
    for _ in range(100):
        assert [published["kid"] for published in tokens.jwks()] == [key.kid]
    assert len(asked) == 1
    clock.now += timedelta(seconds=10)
    tokens.jwks()
    assert len(asked) == 2


def test_made_up_key_names_do_not_ask_the_database_again_and_again(clock: SettableClock) -> None:
    asked = []

    def public() -> dict[str, Ed25519PublicKey]:
        asked.append(1)
        return {}

    tokens = made(signing_key(), clock, public)
    for number in range(50):
        with pytest.raises(InvalidToken):
            tokens.verify(made(signing_key(f"fake{number}"), clock).issue(USER, BOOK))
    assert len(asked) == 1


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
        tokens.verify(tokens.issue(USER, BOOK))
    assert len(tokens._remembered) == 3
