"""The real service logs all it can, does everything and breaks; nothing secret is in what its processes wrote."""

import base64
import re
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pyotp
import pytest
from psycopg.conninfo import make_conninfo

from numina.pgconf import DATABASE, SUPERUSER
from tests.numina.conftest import eventually
from tests.numina.serving import Service

PASSWORD = "Quizzical-Vexed-Lynx-7319"
CHOSEN = "Jovial-Quartz-Wombat-2266"
WRONG = "Wrongheaded-Okapi-4402"
EMAIL = "zebulon.quibble@example.com"
PAYEE = "Grummelbrot-Backstube"
NOTES = "Krankenschein-Vermerk-55120"
QUERY = "Fragezeichen-Geheimnis-8842"


@pytest.fixture
def service(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setenv("NUMINA_LOG_LEVEL", "debug")
    running = Service(folder / "home")
    yield running
    if running.process.poll() is None:
        running.end()


def superuser(service: Service) -> str:
    """The URL of the one who may do anything to the service's own server."""
    lines = (service.home / "cluster" / "data" / "postmaster.pid").read_text().splitlines()
    return make_conninfo(host=lines[4], port=lines[3], user=SUPERUSER, dbname=DATABASE)


def everything_written(service: Service) -> str:
    """What all processes wrote: that of the service's, and PostgreSQL's own log."""
    logs = [service.log, *service.home.rglob("*.log"), *service.home.rglob("*.log.1")]
    return "\n".join(log.read_text(errors="replace") for log in logs)


class Caller:
    """Makes requests and remembers every secret that it sent or was told."""

    def __init__(self, url: str) -> None:
        self.http = httpx2.Client(base_url=url, timeout=60)
        self.secrets = {PASSWORD, WRONG, EMAIL, EMAIL.partition("@")[0], PAYEE, NOTES, QUERY}
        self.codes: set[str] = set()
        self.token = ""

    def call(self, method: str, path: str, body: Any = None, token: str | None = None, **options: Any) -> Any:
        bearer = self.token if token is None else token
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        answer = self.http.request(method, path, json=body, headers=headers, **options)
        told = answer.json() if answer.content and "json" in answer.headers.get("content-type", "") else {}
        self.codes.update(told.get("codes", ()))
        for name in ("access_token", "refresh_token", "key", "secret"):
            if isinstance(told.get(name), str):
                self.secrets.update({told[name], told[name].rsplit(".", 1)[-1]})
        return answer.status_code, told

    def sign_in(self, password: str = PASSWORD) -> dict[str, Any]:
        status, tokens = self.call("POST", "/v1/auth/login", {"email": EMAIL, "password": password})
        assert status == 200, tokens
        self.token = tokens["access_token"]
        return dict(tokens)


def test_nothing_secret_is_in_any_log(service: Service) -> None:
    caller = Caller(service.url())
    live(caller)
    forget_the_password(service, caller)
    prove_more(caller)
    break_things(service, caller)
    written = everything_written(service)
    assert '"level": "error"' in written
    assert "request failed" in written
    secrets = {secret for secret in caller.secrets if len(secret) >= 6}
    secrets.add(base64.b64encode((service.home / "master.key").read_bytes()).decode())
    found = sorted(secret[:12] for secret in secrets if secret.lower() in written.lower())
    # A fraction of a second may look like a code by chance.
    found += [code for code in caller.codes if re.search(rf"(?<![\d.]){code}(?!\d)", written)]
    assert not found, f"in the logs: {found}"
    assert len(secrets) > 12


def live(caller: Caller) -> None:
    """What people and programs do, and do wrong."""
    person = {"email": EMAIL, "password": PASSWORD, "name": "Zeb Quibble"}
    status, told = caller.call("POST", "/v1/auth/register", person)
    assert status == 201, told
    tokens = caller.sign_in()
    assert caller.call("POST", "/v1/auth/login", {"email": EMAIL, "password": WRONG})[0] == 401
    assert caller.call("POST", "/v1/auth/login", {"email": f"nobody.{EMAIL}", "password": WRONG})[0] == 401
    assert caller.call("POST", "/v1/auth/refresh", {"refresh_token": tokens["refresh_token"]})[0] == 200
    assert caller.call("POST", "/v1/auth/refresh", {"refresh_token": tokens["refresh_token"] + "x"})[0] == 401
    for token in (caller.token[:-4] + "AAAA", QUERY, f"numina_k_{QUERY}"):
        assert caller.call("GET", "/v1/users/me", token=token)[0] == 401
    for query in ({"access_token": caller.token}, {"password": PASSWORD, "token": QUERY}):
        caller.call("GET", "/v1/accounts", params=query)
        caller.call("GET", f"/v1/nowhere/{QUERY}", params=query)
    caller.call("POST", "/v1/users/me/api-keys", {"name": "script", "scopes": ["transactions:read"]})
    accounts = [
        caller.call("POST", "/v1/accounts", {"name": name, "kind": kind, "currency": "USD"})[1]["id"]
        for name, kind in (("Purse", "asset"), ("Food", "expense"))
    ]
    assert post(caller, accounts)[0] == 201
    assert post(caller, accounts, amount="1e999")[0] == 422
    assert caller.call("POST", "/v1/accounts", {"name": PAYEE, "kind": QUERY})[0] == 422
    assert caller.http.post("/v1/auth/login", content=b'{"email": "' + EMAIL.encode()).status_code == 400


def forget_the_password(service: Service, caller: Caller) -> None:
    """A letter comes, and a new password is chosen by what is in it."""
    outbox = service.home / "outbox"

    def tokens() -> set[str]:
        found: set[str] = set()
        for path in outbox.glob("*.eml"):
            letter: Any = message_from_bytes(path.read_bytes(), policy=default)
            found.update(re.findall(r"numina_m_[\w-]+", next(iter(letter.iter_parts())).get_content()))
        return found

    before = tokens()
    assert caller.call("POST", "/v1/auth/password/forgot", {"email": EMAIL})[0] == 202
    assert eventually(lambda: bool(tokens() - before), 60), everything_written(service)[-3000:]
    caller.secrets |= tokens() | {CHOSEN}
    for token in tokens():
        caller.call("POST", "/v1/auth/verify", {"token": token})
        caller.call("POST", "/v1/auth/password/reset", {"token": token, "password": CHOSEN})
        caller.call("GET", f"/v1/auth/verify?token={token}")
    caller.sign_in(CHOSEN)


def prove_more(caller: Caller) -> None:
    """An authenticator app, its codes, right and wrong, and recovery codes."""
    offer = caller.call("POST", "/v1/auth/totp")[1]
    code = pyotp.TOTP(offer["secret"]).now()
    status, told = caller.call("POST", "/v1/auth/totp/confirm", {"code": code})
    assert status == 200, told
    caller.token = told["access_token"]
    recovery = caller.call("POST", "/v1/auth/recovery-codes")[1]["codes"]
    caller.codes |= {code, "135790"}
    whole = {"email": EMAIL, "password": CHOSEN}
    assert caller.call("POST", "/v1/auth/login", whole)[0] in (401, 403)
    assert caller.call("POST", "/v1/auth/login", whole | {"totp": "135790"})[0] in (401, 422)
    assert caller.call("POST", "/v1/auth/login", whole | {"recovery_code": recovery[0]})[0] == 200
    assert caller.call("POST", "/v1/auth/step-up", {"password": WRONG})[0] in (401, 422)


def post(caller: Caller, accounts: list[str], amount: str = "12.50") -> Any:
    body = {
        "date": "2026-03-01",
        "payee": PAYEE,
        "notes": NOTES,
        "postings": [
            {"account_id": accounts[0], "amount": f"-{amount}", "currency": "USD"},
            {"account_id": accounts[1], "amount": amount, "currency": "USD"},
        ],
    }
    return caller.call("POST", "/v1/transactions", body)


def break_things(service: Service, caller: Caller) -> None:
    """Faults that nobody foresaw: in the API, in the projector with somebody's words in hand, in storing."""
    accounts = [row["id"] for row in caller.call("GET", "/v1/accounts")[1]["items"]]
    with psycopg.connect(superuser(service), autocommit=True) as database:
        database.execute("ALTER TABLE views.sessions RENAME COLUMN device TO machine")
        assert caller.call("GET", "/v1/users/me/sessions", params={"token": QUERY})[0] == 500
        database.execute("ALTER TABLE views.sessions RENAME COLUMN machine TO device")
        database.execute(
            "ALTER TABLE views.transactions ADD CONSTRAINT never CHECK (payee IS NULL) NOT VALID"
        )
        # Recorded at any rate; whether the answer comes depends on how far the read models had come.
        assert post(caller, accounts)[0] in (201, 503)
        assert eventually(lambda: "never" in everything_written(service), 30), everything_written(service)[
            -3000:
        ]
        database.execute("ALTER TABLE views.transactions DROP CONSTRAINT never")
        database.execute(
            "CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'refused % of %', encode(NEW.state, 'escape'), NEW.topic; END $$"
        )
        database.execute(
            "CREATE TRIGGER fail BEFORE INSERT ON record.stored_events FOR EACH ROW EXECUTE FUNCTION public.fail()"
        )
        assert post(caller, accounts)[0] >= 500
        caller.call("POST", "/v1/auth/login", {"email": EMAIL, "password": PASSWORD})
        database.execute("DROP TRIGGER fail ON record.stored_events")
