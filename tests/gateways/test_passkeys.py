"""What a device's answer is worth: only what was asked here, for this, of this person, lately, on our own pages."""

import datetime as dt
import hmac
from typing import Any

import pytest

from gateways.challenges import Challenges, InvalidChallenge
from gateways.passkeys import ADDING, PROVING, SIGNING_IN, InvalidPasskey, NewKey, Passkeys, credential_id
from ledger.ids import derived_id
from tests.support.authenticator import ORIGIN, PRESENT, Authenticator, b64, unb64

ADA, BOB = derived_id("ada"), derived_id("bob")


class Given:
    """Passkeys at an hour that the test sets, and a device of Ada's."""

    def __init__(self) -> None:
        self.now = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
        self.challenges = Challenges(
            lambda purpose, message: hmac.digest(b"key", purpose + message, "sha256"), lambda: self.now
        )
        self.passkeys = Passkeys(
            self.challenges, rp_id="localhost", origins=[ORIGIN, "https://app.localhost"]
        )
        self.device = Authenticator()
        self.key = self.add()

    def add(self) -> NewKey:
        options = self.passkeys.creation_options(ADA, "ada@example.com", "Ada", [])
        return self.passkeys.made(self.device.create(options), ADA)

    def prove(
        self, credential: dict[str, Any], purpose: str = PROVING, about: bytes = ADA.bytes, **more: Any
    ):
        return self.passkeys.signed(credential, self.key, ADA, purpose, about, **more)

    def asked(self, purpose: str = PROVING, about: bytes = ADA.bytes) -> dict[str, Any]:
        return self.passkeys.request_options(purpose, about, [self.key])


@pytest.fixture
def given() -> Given:
    return Given()


def test_a_device_makes_a_key_and_signs_with_it(given: Given) -> None:
    key = given.key
    assert key.credential_id == given.device.device.credential_id
    assert key.sign_count == 0
    assert not key.synced
    assert key.transports == ("internal", "hybrid")
    options = given.asked()
    assert options["rpId"] == "localhost"
    assert options["allowCredentials"][0]["id"] == b64(key.credential_id)
    answer = given.device.get(options)
    assert credential_id(answer) == key.credential_id
    signed = given.prove(answer, verified=True)
    assert signed.sign_count == 1
    assert signed.verified
    assert signed.challenge.expires_at == given.now + dt.timedelta(minutes=5)
    assert len(signed.challenge.digest) == 32


def test_keys_that_are_known_are_not_made_again(given: Given) -> None:
    options = given.passkeys.creation_options(ADA, "", "", [given.key])
    assert [each["id"] for each in options["excludeCredentials"]] == [b64(given.key.credential_id)]
    assert options["attestation"] == "none"
    assert unb64(options["user"]["id"]) == ADA.bytes


def test_every_page_of_ours_may_ask(given: Given) -> None:
    assert given.prove(given.device.get(given.asked(), origin="https://app.localhost"))


@pytest.mark.parametrize(
    ("twist", "told"),
    [
        ({"origin": "https://evil.example"}, "another page"),
        ({"origin": ORIGIN + "0"}, "another page"),
        ({"origin": ORIGIN.replace("http", "https")}, "another page"),
        ({"rp_id": "evil.example"}, "another domain"),
        ({"kind": "webauthn.create"}, "another kind"),
        ({"flags": 0}, "nobody touched"),
        ({"flags": PRESENT, "verified": True}, "did not make sure"),
        ({"user_handle": BOB.bytes}, "somebody else"),
        ({"crossOrigin": True}, "frame"),
        ({"challenge": b64(b"x" * 56)}, "not given out here"),
        ({"challenge": ""}, "not given out here"),
        ({"challenge": 7}, "base64url"),
    ],
)
def test_a_twisted_signature_proves_nothing(given: Given, twist: dict[str, Any], told: str) -> None:
    verified = twist.pop("verified", False)
    with pytest.raises(InvalidPasskey, match=told):
        given.prove(given.device.get(given.asked(), **twist), verified=verified)


@pytest.mark.parametrize("part", ["signature", "authenticatorData", "clientDataJSON"])
def test_whatever_is_changed_is_noticed(given: Given, part: str) -> None:
    answer = given.device.get(given.asked())
    raw = unb64(answer["response"][part])
    for place in range(0, len(raw), 7):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        with pytest.raises(InvalidPasskey):
            given.prove(answer | {"response": answer["response"] | {part: b64(changed)}})
    assert given.prove(answer)


def test_a_challenge_is_for_one_purpose_and_one_person(given: Given) -> None:
    for purpose, about in (
        (SIGNING_IN, b""),
        (SIGNING_IN, ADA.bytes),
        (ADDING, ADA.bytes),
        (PROVING, BOB.bytes),
    ):
        with pytest.raises(InvalidPasskey, match="not given out here"):
            given.prove(given.device.get(given.asked(purpose, about)))
    with pytest.raises(InvalidPasskey, match="not given out here"):
        given.passkeys.made(given.device.create(given.passkeys.creation_options(BOB, "b", "b", [])), ADA)


def test_a_challenge_ends_after_five_minutes(given: Given) -> None:
    answer = given.device.get(given.asked())
    made = Authenticator().create(given.passkeys.creation_options(ADA, "a", "a", []))
    given.now += dt.timedelta(seconds=299)
    assert given.prove(answer)
    given.now += dt.timedelta(seconds=1)
    with pytest.raises(InvalidPasskey, match="expired"):
        given.prove(answer)
    with pytest.raises(InvalidPasskey, match="expired"):
        given.passkeys.made(made, ADA)


def test_no_byte_of_a_challenge_can_be_changed(given: Given) -> None:
    challenge = given.challenges.issue("something", b"about")
    for place in range(len(challenge)):
        forged = challenge[:place] + bytes([challenge[place] ^ 1]) + challenge[place + 1 :]
        with pytest.raises(InvalidChallenge):
            given.challenges.read(forged, "something", b"about")
    with pytest.raises(InvalidChallenge):
        given.challenges.read(challenge + b"\x00", "something", b"about")
    # What the purpose ends with and the thing begins with cannot be shifted from one to the other.
    with pytest.raises(InvalidChallenge):
        given.challenges.read(challenge, "somethin", b"gabout")
    assert given.challenges.read(challenge, "something", b"other", b"about")


def test_another_device_proves_nothing(given: Given) -> None:
    other = Authenticator()
    other.create(given.passkeys.creation_options(ADA, "a", "a", []))
    answer = other.get(given.asked())
    with pytest.raises(InvalidPasskey, match="signature"):
        given.prove(answer)
    # Under the right key's name, the wrong device's signature is wrong as well.
    named = {"id": b64(given.key.credential_id), "rawId": b64(given.key.credential_id)}
    with pytest.raises(InvalidPasskey, match="signature"):
        given.prove(answer | named)
    answer = given.device.get(given.asked())
    with pytest.raises(InvalidPasskey, match="another key"):
        given.prove(answer | {"id": b64(b"other"), "rawId": b64(b"other")})


def test_who_signs_in_without_a_name_says_who_they_are(given: Given) -> None:
    answer = given.device.get(given.asked(SIGNING_IN, b""))
    del answer["response"]["userHandle"]
    with pytest.raises(InvalidPasskey, match="whose"):
        given.prove(answer, SIGNING_IN, b"")


@pytest.mark.parametrize(
    "response",
    [
        {},
        {"clientDataJSON": None},
        {"clientDataJSON": "é"},
        {"clientDataJSON": b64(b"[]")},
        {"clientDataJSON": b64(b"\xff\xfe")},
        {"clientDataJSON": b64(b"[" * 100_000)},
        {"authenticatorData": ""},
        {"authenticatorData": b64(b"\x00" * 37)},
        {"signature": ""},
        {"signature": "AAAA"},
        {"userHandle": "é"},
        {"attestationObject": b64(b"\xbf\xff")},
        {"attestationObject": b64(b"\x9f" * 5000)},
    ],
)
def test_what_is_no_answer_at_all_is_refused(given: Given, response: dict[str, Any]) -> None:
    signed = given.device.get(given.asked())
    made = Authenticator().create(given.passkeys.creation_options(ADA, "a", "a", []))
    for answer, use in ((signed, given.prove), (made, lambda each: given.passkeys.made(each, ADA))):
        twisted = answer["response"] | response if response else {}
        if not set(response) <= set(answer["response"]):
            continue
        with pytest.raises(InvalidPasskey):
            use(answer | {"response": twisted})


@pytest.mark.parametrize("name", ["", "é", b64(b"x" * 1024)])
def test_a_credential_has_a_sensible_name(name: str) -> None:
    with pytest.raises(InvalidPasskey):
        credential_id({"rawId": name})
