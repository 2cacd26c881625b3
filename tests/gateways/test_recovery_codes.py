"""Recovery codes: of 80 bits, others for everybody, known however they are typed."""

import hmac
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from gateways.recovery_codes import CHARACTERS, NUMBER, RecoveryCodes

ids = st.uuids()


def mac(purpose: bytes, message: bytes) -> bytes:
    return hmac.digest(b"a key", purpose + message, "sha256")


codes_of = RecoveryCodes(mac)


@given(ids, ids)
def test_a_command_gives_ten_different_codes_and_the_same_again(user: UUID, command: UUID) -> None:
    made = codes_of.make(user, command)
    assert made == codes_of.make(user, command)
    assert len(set(made)) == NUMBER
    for code in made:
        assert len(code.replace("-", "")) == CHARACTERS
        assert CHARACTERS * 5 >= 50
        assert not set(code) & set("ilou")


@given(ids, ids, ids)
def test_nobody_elses_are_alike(user: UUID, other: UUID, command: UUID) -> None:
    if user == other:
        return
    made = codes_of.make(user, command)
    assert not set(made) & set(codes_of.make(other, command))
    assert codes_of.digest(user, made[0]) != codes_of.digest(other, made[0])


def test_another_command_and_another_installation_make_others() -> None:
    user, command = uuid4(), uuid4()
    made = codes_of.make(user, command)
    assert not set(made) & set(codes_of.make(user, uuid4()))
    elsewhere = RecoveryCodes(lambda purpose, message: hmac.digest(b"b", purpose + message, "sha256"))
    assert not set(made) & set(elsewhere.make(user, command))
    assert elsewhere.digest(user, made[0]) != codes_of.digest(user, made[0])


@given(st.uuids(), st.uuids())
def test_a_code_is_known_however_it_is_typed(user: UUID, command: UUID) -> None:
    code = codes_of.make(user, command)[0]
    digest = codes_of.digest(user, code)
    typed = (code.upper(), code.replace("-", " "), code.replace("-", ""), f" {code} ")
    typed = (*typed, code.replace("0", "O").replace("1", "l"), code.replace("1", "I"))
    assert {codes_of.digest(user, each) for each in typed} == {digest}
    assert len(digest) == 32
