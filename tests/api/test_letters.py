"""Verifying an address, changing it, and choosing a new password: by letters, as people get them."""

import datetime as dt
import time
from base64 import b64encode
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from starlette.testclient import TestClient

from api.permissions import PERMISSIONS
from gateways.mail import Sender
from gateways.mail_tokens import MailTokens
from gateways.outbox import Outbox
from gateways.vault import Vault
from ledger.clock import system_clock
from scheduler.letters.desk import Desk
from scheduler.reactions.letters import Letters
from scheduler.reactions.reactor import Reactor
from tests.support.service import MASTER_KEY, PASSWORD, Person, refused, register

NEW = "another long passphrase"
Reading = Callable[[str], list[EmailMessage]]


@pytest.fixture(scope="module")
def letters_to(api_database: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What is in the outbox for an address, oldest first, once everything was sent."""
    folder = tmp_path_factory.mktemp("outbox")
    vault = Vault(api_database, MASTER_KEY)
    desk = Desk(api_database, vault, vault.mac, public_url="https://money.example.org", clock=system_clock)
    outbox = Outbox(folder, Sender("money@example.org"))
    reactor = Reactor(api_database, vault, Letters(outbox, desk), seconds=60)

    def read(address: str) -> list[EmailMessage]:
        reactor()
        files = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns)
        found: list[Any] = [message_from_bytes(file.read_bytes(), policy=default) for file in files]
        return [each for each in found if each["To"] == address]

    yield read
    reactor.close()
    vault.close()


def token(letter: EmailMessage) -> str:
    text: str = next(iter(letter.iter_parts())).get_content()  # type: ignore[assignment]  # it has parts
    return text.split("#")[1].split()[0]


def settled(client: TestClient) -> None:
    """Waits until what is done after answers is done."""
    later = client.app._services.later  # type: ignore[attr-defined]  # the outermost layer of the application
    client.portal.call(later.finish)  # type: ignore[union-attr]  # it is started


def forget(client: TestClient, email: str) -> None:
    answer = client.post("/v1/auth/password/forgot", json={"email": email})
    assert (answer.status_code, answer.content) == (202, b"")
    settled(client)


def sign_in(client: TestClient, email: str, password: str) -> int:
    return client.post("/v1/auth/login", json={"email": email, "password": password}).status_code


def topics(url: str, person: Person) -> list[str]:
    statement = "SELECT topic FROM record.stored_events WHERE originator_id = %s ORDER BY originator_version"
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute(statement, (person.user_id,))]


def test_an_address_is_verified_by_the_letter_to_it(
    client: TestClient, ada: Person, letters_to: Reading
) -> None:
    assert ada.get("/users/me").json()["verified"] is False
    (letter,) = letters_to(ada.email)
    for _ in range(2):
        answer = client.post("/v1/auth/verify", json={"token": token(letter)})
        assert answer.json() == {"user_id": ada.user_id, "email": ada.email, "verified": True}
    assert ada.get("/users/me").json()["verified"] is True
    assert ada.post("/auth/verify/resend").status_code == 202
    assert len(letters_to(ada.email)) == 1


def test_a_dry_run_verifies_nothing(client: TestClient, ada: Person, letters_to: Reading) -> None:
    (letter,) = letters_to(ada.email)
    assert client.post("/v1/auth/verify?dry_run=true", json={"token": token(letter)}).status_code == 200
    assert ada.get("/users/me").json()["verified"] is False


def test_another_letter_is_sent_and_not_a_fourth(ada: Person, letters_to: Reading) -> None:
    for _ in range(3):
        assert ada.post("/auth/verify/resend").status_code == 202
    refused(ada.post("/auth/verify/resend"), 429, "too_many_letters")
    assert len(letters_to(ada.email)) == 4


@pytest.mark.parametrize("path", ["/v1/auth/verify", "/v1/auth/password/reset"])
def test_what_is_no_token_of_ours_is_spent(client: TestClient, ada: Person, path: str) -> None:
    """Alike for text that is none, one that somebody made up, one for somebody who is not here, and an old one."""
    now = dt.datetime.now(dt.UTC)
    mac = client.app._services.vault.mac  # type: ignore[attr-defined]  # the outermost layer of the application
    ours, theirs = MailTokens(mac), MailTokens(lambda purpose, text: bytes(32))
    purpose: Any = "reset" if path.endswith("reset") else "verify"
    user: Any = __import__("uuid").UUID(ada.user_id)
    answers = []
    for made in (
        "",
        "numina_m_",
        "x" * 200,
        "numina_m_" + "é" * 76,
        theirs.issue(purpose, user, ada.email, now),
        ours.issue(purpose, uuid4(), ada.email, now),
        ours.issue(purpose, user, "bob@example.com", now),
        ours.issue("change", user, ada.email, now),
        ours.issue("change", user, "", now),
        ours.issue("reset", user, ada.email, now),
        ours.issue(purpose, user, ada.email, now - dt.timedelta(days=8)),
    ):
        answer = client.post(
            path, json={"token": made, "password": NEW} if purpose == "reset" else {"token": made}
        )
        answers.append(dict(refused(answer, 422, "link_spent")))
    assert all(answer == answers[0] for answer in answers)
    assert sign_in(client, ada.email, PASSWORD) == 200


def test_another_address_takes_the_place_of_the_first(
    client: TestClient, ada: Person, letters_to: Reading
) -> None:
    wanted = f"new.{ada.email}"
    assert ada.post("/users/me/email", {"email": wanted}).status_code == 202
    assert ada.get("/users/me").json()["email"] == ada.email
    (letter,) = letters_to(wanted)
    answer = client.post("/v1/auth/verify", json={"token": token(letter)})
    assert answer.json() == {"user_id": ada.user_id, "email": wanted, "verified": True}
    refused(client.post("/v1/auth/verify", json={"token": token(letter)}), 422, "link_spent")
    me = ada.get("/users/me").json()
    assert (me["email"], me["verified"]) == (wanted, True)
    assert sign_in(client, wanted, PASSWORD) == 200
    assert sign_in(client, ada.email, PASSWORD) == 401
    assert letters_to(ada.email)[-1]["Subject"] == "Your account has another address"
    register(client, email=ada.email)


def test_whether_an_address_is_taken_is_not_told_to_who_wants_it(
    client: TestClient, ada: Person, bob: Person, letters_to: Reading
) -> None:
    assert ada.post("/users/me/email", {"email": bob.email.upper()}).status_code == 202
    letter = letters_to(bob.email.upper().replace("EXAMPLE.COM", "example.com"))[-1]
    refused(client.post("/v1/auth/verify", json={"token": token(letter)}), 409, "email_taken")


def test_another_address_takes_a_fresh_proof(client: TestClient, ada: Person) -> None:
    services = client.app._services  # type: ignore[attr-defined]  # the outermost layer of the application
    old: Any = (ada.user_id, ada.book_id, ada.tokens["session_id"], ["pwd"], int(time.time()) - 301)
    header = {"authorization": f"Bearer {services.tokens.issue(*old)}"}
    answer = client.post("/v1/users/me/email", json={"email": "x@example.com"}, headers=header)
    refused(answer, 403, "step_up_needed")


@pytest.mark.parametrize(
    "email",
    [
        "аdа@example.com",
        "ada\u200b@example.com",
        "ada\u2028@example.com",
        '"a"@example.com',
        "ada@exa_mple.com",
    ],
)
def test_an_address_that_looks_like_another_is_refused(client: TestClient, ada: Person, email: str) -> None:
    for answer in (
        ada.post("/users/me/email", {"email": email}),
        client.post("/v1/auth/register", json={"email": email, "password": PASSWORD}),
    ):
        assert refused(answer, 422, "unacceptable_address")["field"] == "email"
    assert sign_in(client, email, PASSWORD) == 401
    forget(client, email)


def test_an_address_is_the_same_however_it_is_typed(client: TestClient) -> None:
    register(client, email="zoë@bücher.example")
    for typed in ("ZOË@BÜCHER.example", "zoe\u0308@xn--bcher-kva.example", "ｚoë@bücher.example."):
        assert sign_in(client, typed, PASSWORD) == 200
        again = client.post("/v1/auth/register", json={"email": typed, "password": PASSWORD})
        refused(again, 409, "email_taken")


def test_who_chose_a_new_password_by_letter_need_not_wait(
    client: TestClient, ada: Person, letters_to: Reading
) -> None:
    assert [sign_in(client, ada.email, "forgotten") for _ in range(6)] == [401] * 5 + [429]
    forget(client, ada.email)
    body = {"token": token(letters_to(ada.email)[-1]), "password": NEW}
    assert client.post("/v1/auth/password/reset?dry_run=true", json=body).status_code == 204
    # Paused, unless it took so long to come here that the pause is over.
    assert sign_in(client, ada.email, NEW) in (401, 429)
    assert client.post("/v1/auth/password/reset", json=body).status_code == 204
    assert sign_in(client, ada.email, NEW) == 200


def test_a_forgotten_password_is_replaced_by_letter_once(
    client: TestClient, ada: Person, letters_to: Reading
) -> None:
    forget(client, ada.email.upper())
    letter = letters_to(ada.email)[-1]
    assert letter["Subject"] == "Choose a new password"
    body = {"token": token(letter), "password": NEW}
    weak = client.post("/v1/auth/password/reset", json=body | {"password": "password1"})
    refused(weak, 422, "weak_password")
    assert client.post("/v1/auth/password/reset", json=body).status_code == 204
    refused(client.post("/v1/auth/password/reset", json=body | {"password": PASSWORD}), 422, "link_spent")
    assert sign_in(client, ada.email, PASSWORD) == 401
    assert sign_in(client, ada.email, NEW) == 200
    refused(ada.get("/users/me"), 401, "not_authenticated")
    refreshed = client.post("/v1/auth/refresh", json={"refresh_token": ada.tokens["refresh_token"]})
    assert refreshed.status_code == 401
    assert letters_to(ada.email)[-1]["Subject"] == "Your password was changed"


def test_a_letter_for_one_thing_is_no_good_for_another(
    client: TestClient, ada: Person, letters_to: Reading
) -> None:
    forget(client, ada.email)
    welcome, reset = letters_to(ada.email)
    refused(client.post("/v1/auth/verify", json={"token": token(reset)}), 422, "link_spent")
    body = {"token": token(welcome), "password": NEW}
    refused(client.post("/v1/auth/password/reset", json=body), 422, "link_spent")


def test_whoever_asks_a_hundred_times_has_three_letters_sent(
    client: TestClient, ada: Person, letters_to: Reading, api_database: str
) -> None:
    for _ in range(20):
        forget(client, ada.email)
    assert topics(api_database, ada).count("user.reset_asked") == 3
    assert len(letters_to(ada.email)) == 4


def test_nothing_is_recorded_for_an_unknown_address(client: TestClient, api_database: str) -> None:
    statement = "SELECT position FROM record.head"
    with psycopg.connect(api_database, autocommit=True) as connection:
        before = connection.execute(statement).fetchone()
        forget(client, "nobody.at.all@example.com")
        assert connection.execute(statement).fetchone() == before


def test_an_unknown_address_takes_as_long_as_a_known_one(client: TestClient) -> None:
    """Each known one is asked for the first time, so that a fact is recorded and a letter written."""
    known = [register(client).email for _ in range(15)]
    unknown = [f"nobody{number}@example.com" for number in range(15)]

    def seconds(email: str) -> float:
        began = time.perf_counter()
        answer = client.post("/v1/auth/password/forgot", json={"email": email})
        took = time.perf_counter() - began
        assert answer.status_code == 202
        settled(client)
        return took

    times = [(seconds(one), seconds(other)) for one, other in zip(known, unknown, strict=True)]
    # The quickest of each: whatever else the machine does makes some of them slower.
    found, missing = map(min, zip(*times, strict=True))
    assert abs(found - missing) < max(0.75 * missing, 0.0015), (found, missing)


def test_more_than_can_be_done_later_is_refused_whoever_it_is_about(client: TestClient, ada: Person) -> None:
    later = client.app._services.later  # type: ignore[attr-defined]  # the outermost layer of the application
    later._most = 0
    try:
        for email in (ada.email, "nobody@example.com"):
            answer = client.post("/v1/auth/password/forgot", json={"email": email})
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "5"
    finally:
        later._most = 200


def test_what_demands_a_verified_address_says_so(
    client: TestClient, ada: Person, letters_to: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatch: Any = client.app.app  # type: ignore[attr-defined]  # the outermost layer of the application
    route = dispatch._exact["GET", "/v1/users/me"]
    monkeypatch.setattr(route, "_access", PERMISSIONS["GET /v1/users/me"]._replace(verified=True))
    refused(ada.get("/users/me"), 403, "address_unverified")
    client.post("/v1/auth/verify", json={"token": token(letters_to(ada.email)[0])})
    assert ada.get("/users/me").status_code == 200


def test_no_token_and_no_address_of_a_letter_is_in_the_database(
    client: TestClient, ada: Person, letters_to: Reading, api_database: str, tmp_path: Path
) -> None:
    wanted = f"secretly.{ada.email}"
    ada.post("/users/me/email", {"email": wanted})
    forget(client, ada.email)
    secrets = [token(letter) for letter in (*letters_to(ada.email), *letters_to(wanted))]
    with psycopg.connect(api_database) as connection:
        rows = connection.execute("SELECT encode(state, 'escape') FROM record.stored_events").fetchall()
        rows += connection.execute("SELECT t::text FROM reactions.trials t").fetchall()
    text = "\n".join(row[0] for row in rows)
    assert len(secrets) == 3
    assert not [secret for secret in (*secrets, wanted, ada.email) if secret in text]


@pytest.mark.parametrize("path", ["/letters/verify", "/letters/reset"])
def test_a_link_leads_to_a_page_that_can_do_one_thing(client: TestClient, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["referrer-policy"] == "no-referrer"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        source = page.text.split(f"<{tag}>")[1].split(f"</{tag}>")[0]
        assert f"'sha256-{b64encode(sha256(source.encode()).digest()).decode()}'" in policy
    to = page.text.split('data-to="')[1].split('"')[0]
    body = {"token": "x"} | ({"password": NEW} if "password" in to else {})
    refused(client.post(to, json=body), 422, "link_spent")


def test_the_metrics_tell_how_far_the_letters_are(
    client: TestClient, ada: Person, letters_to: Reading, api_database: str
) -> None:
    letters_to(ada.email)
    with psycopg.connect(api_database) as connection:
        connection.execute("INSERT INTO reactions.positions VALUES ('two words', 0) ON CONFLICT DO NOTHING")
    figures = dict(line.split() for line in client.get("/metrics").text.splitlines() if line[:1] != "#")
    assert float(figures["numina_reaction_letters_lag_facts"]) == 0
    ada.post("/auth/verify/resend")
    figures = dict(line.split() for line in client.get("/metrics").text.splitlines() if line[:1] != "#")
    assert float(figures["numina_reaction_letters_lag_facts"]) >= 1
    assert float(figures["numina_reaction_two_words_lag_facts"]) > 0
    assert {"numina_reaction_letters_failing_facts", "numina_reaction_letters_set_aside_facts"} < set(figures)
