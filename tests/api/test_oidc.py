"""Signing in with an account elsewhere, at a provider on this machine, and what can be twisted on the way."""

import base64
import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
from starlette.testclient import TestClient

from tests.api.test_passkeys import add
from tests.support.browser import PATH, Browser, person_of
from tests.support.issuer import RETURN_TO, SECRET
from tests.support.service import PASSWORD, Person, refused, register


@pytest.fixture
def ada(elsewhere: TestClient) -> Person:
    return register(elsewhere, name="Ada")


def test_providers_are_listed(browser: Browser) -> None:
    items = browser.app.get("/v1/auth/oidc").json()["items"]
    assert items[0] == {"name": "here", "title": "Here", "issuer": browser.issuer.url}
    assert SECRET not in json.dumps(items)
    refused(
        browser.app.post("/v1/auth/oidc/nobody/start", json={"return_to": RETURN_TO}), 404, "unknown_provider"
    )


def test_somebody_new_is_registered_and_comes_back(browser: Browser, email: str) -> None:
    subject = browser.issuer.person(email)
    body = browser.come_back(subject) | {"currency": "EUR", "time_zone": "Europe/Berlin"}
    new = person_of(browser.app, browser.finish(body))
    profile = new.get("/users/me").json()
    assert (profile["email"], profile["name"], profile["currency"]) == (email, "Ada", "EUR")
    assert new.account("Cash")
    claims = jwt.decode(new.token, options={"verify_signature": False})
    assert claims["amr"] == ["fed"]
    again = person_of(browser.app, browser.sign_in(subject))
    assert again.user_id == new.user_id
    (linked,) = again.get("/users/me/identities").json()["items"]
    archive = zipfile.ZipFile(io.BytesIO(again.get("/users/me/export").content))
    assert json.loads(archive.read("identities.jsonl"))["subject"] == subject
    assert (linked["provider"], linked["issuer"], linked["email"]) == ("here", browser.issuer.url, email)
    assert linked["used_at"] is not None


def test_address_and_name_may_come_from_the_user_info(browser: Browser, email: str) -> None:
    browser.issuer.told_by_userinfo = True
    new = person_of(browser.app, browser.sign_in(browser.issuer.person(email)))
    assert new.get("/users/me").json()["email"] == email


def test_a_state_is_good_once(browser: Browser, email: str) -> None:
    subject, begun = browser.issuer.person(email), browser.start()
    first, second = (browser.come_back(subject, begun) for _ in range(2))
    assert browser.finish(first).status_code == 200
    refused(browser.finish(first), 422, "sign_in_refused")
    refused(browser.finish(second), 409, "sign_in_over")
    # Not even for somebody else.
    other = browser.come_back(browser.issuer.person("x" + email), begun)
    refused(browser.finish(other), 409, "sign_in_over")


def test_of_two_at_the_same_instant_one_signs_in(browser: Browser, email: str) -> None:
    subject = browser.issuer.person(email)
    assert browser.sign_in(subject).status_code == 200
    begun = browser.start()
    bodies = [browser.come_back(subject, begun) for _ in range(6)]
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(browser.finish, bodies))
    assert sorted(each.status_code for each in answers) == [200] + [409] * 5


def test_two_new_people_with_one_state_are_one_at_most(browser: Browser, email: str) -> None:
    begun = browser.start()
    bodies = [browser.come_back(browser.issuer.person(f"{n}{email}"), begun) for n in range(4)]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(browser.finish, bodies))
    assert sorted(each.status_code for each in answers) == [200] + [409] * 3


@pytest.mark.parametrize(
    ("twist", "told"),
    [
        ({"state": "AAAA"}, "not given out here"),
        ({"state": "é"}, "cannot be read"),
        ({"binding": "AAAA"}, "another browser"),
        ({"binding": ""}, "another browser"),
        ({"code": "made up"}, "does not accept the code"),
        ({"iss": "https://evil.example"}, "another issuer"),
    ],
)
def test_a_twisted_return_is_refused(browser: Browser, email: str, twist: dict[str, Any], told: str) -> None:
    body = browser.come_back(browser.issuer.person(email)) | twist
    assert told in refused(browser.finish(body), 422, "sign_in_refused")["detail"]


def test_a_state_cannot_be_changed_or_used_elsewhere(browser: Browser, ada: Person, email: str) -> None:
    body = browser.come_back(browser.issuer.person(email))
    raw = base64.urlsafe_b64decode(body["state"] + "=" * (-len(body["state"]) % 4))
    for place in range(0, len(raw), 11):
        forged = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        changed = body | {"state": base64.urlsafe_b64encode(forged).rstrip(b"=").decode()}
        refused(browser.finish(changed), 422, "sign_in_refused")
    refused(ada.post("/auth/oidc/here/link", body), 422, "sign_in_refused")
    refused(browser.app.post("/v1/auth/oidc/gone/finish", json=body), 422, "sign_in_refused")
    assert browser.finish(body).status_code == 200


def test_a_link_is_made_for_who_began_it_only(browser: Browser, ada: Person, email: str) -> None:
    begun = ada.post("/auth/oidc/here/link/start", {"return_to": RETURN_TO}).json()
    body = browser.come_back(browser.issuer.person(email), begun)
    mallory = register(browser.app, name="Mallory")
    refused(mallory.post("/auth/oidc/here/link", body), 422, "sign_in_refused")
    refused(browser.finish(body), 422, "sign_in_refused")
    assert ada.post("/auth/oidc/here/link", body).status_code == 200


def test_somebody_elses_code_does_not_fit_the_verifier(browser: Browser, email: str) -> None:
    mine, theirs = browser.start(), browser.start()
    stolen = browser.come_back(browser.issuer.person(email), theirs)
    injected = stolen | {"state": mine["state"], "binding": mine["binding"]}
    problem = refused(browser.finish(injected), 422, "sign_in_refused")
    assert "does not accept the code" in problem["detail"]


@pytest.mark.parametrize(
    "page",
    [
        "https://evil.example/",
        "//evil.example/",
        "/relative",
        "javascript:alert(1)",
        "http://localhost:8000.evil.example/",
        "http://localhost:8000@evil.example/",
        "http://evil.example@localhost:8000/",
        "http://localhost:8000\\@evil.example/",
        "http://localhost:8000/#fragment",
        "http://localhost:8000/ space",
        "http://localhost:8000/\r\nx",
        "http://localhost:8001/",
        "https://localhost:8000/",
        "http://[::1",
        "",
    ],
)
def test_nobody_is_sent_elsewhere(browser: Browser, ada: Person, page: str) -> None:
    body = {"return_to": page}
    refused(browser.app.post(f"{PATH}/start", json=body), 422, "foreign_page")
    refused(ada.post("/auth/oidc/here/link/start", body), 422, "foreign_page")


@pytest.mark.parametrize(
    "claims", [{"email_verified": False}, {"email_verified": "yes"}, {"email_verified": 1.5}, {"email": None}]
)
def test_an_address_that_is_not_vouched_for_registers_nobody(
    browser: Browser, ada: Person, email: str, claims: dict[str, Any]
) -> None:
    new = browser.issuer.person(**{"email": email} | claims)
    refused(browser.sign_in(new), 409, "address_not_vouched_for")
    # And it does not tell whether somebody has the address.
    taken = browser.issuer.person(**{"email": ada.email} | claims)
    refused(browser.sign_in(taken), 409, "address_not_vouched_for")


def test_an_address_alone_opens_no_account(browser: Browser, ada: Person) -> None:
    subject = browser.issuer.person(ada.email.upper())
    refused(browser.sign_in(subject), 409, "account_exists")
    assert ada.get("/users/me/identities").json()["items"] == []
    linked = browser.link(ada, subject)
    assert linked.status_code == 200, linked.text
    assert person_of(browser.app, browser.sign_in(subject)).user_id == ada.user_id


def test_an_account_elsewhere_is_one_persons(browser: Browser, ada: Person, email: str) -> None:
    subject = browser.issuer.person(email)
    assert browser.link(ada, subject).status_code == 200
    refused(browser.link(ada, subject), 409, "identity_taken")
    refused(browser.link(register(browser.app, name="Bob"), subject), 409, "identity_taken")


def test_what_is_unlinked_signs_nobody_in(browser: Browser, ada: Person) -> None:
    subject = browser.issuer.person(ada.email)
    identity = browser.link(ada, subject).json()["id"]
    mallory = register(browser.app, name="Mallory")
    refused(mallory.delete(f"/users/me/identities/{identity}"), 404, "unknown_identity")
    assert ada.delete(f"/users/me/identities/{identity}").status_code == 204
    refused(browser.sign_in(subject), 409, "account_exists")


def test_the_last_way_in_stays(browser: Browser, email: str) -> None:
    subject = browser.issuer.person(email)
    new = person_of(browser.app, browser.sign_in(subject))
    (identity,) = new.get("/users/me/identities").json()["items"]
    refused(new.delete(f"/users/me/identities/{identity['id']}"), 409, "last_way_in")


def test_who_has_no_password_is_not_let_in_by_one_and_may_set_one(browser: Browser, email: str) -> None:
    new = person_of(browser.app, browser.sign_in(browser.issuer.person(email)))
    for password in ("", PASSWORD):
        wrong = browser.app.post("/v1/auth/login", json={"email": email, "password": password})
        refused(wrong, 401, "wrong_credentials")
    assert new.patch("/users/me", {"password": PASSWORD}).status_code == 200
    again = browser.app.post("/v1/auth/login", json={"email": email, "password": PASSWORD})
    assert again.status_code == 200
    (identity,) = new.get("/users/me/identities").json()["items"]
    assert new.delete(f"/users/me/identities/{identity['id']}").status_code == 204


def held_for(browser: Browser, subject: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The problem that asks for a second factor, and what to send along with it."""
    body = browser.come_back(subject)
    problem = refused(browser.finish(body), 401, "second_factor_needed")
    return dict(problem), {"held": problem["held"], "binding": body["binding"]}


def test_a_second_factor_is_needed_elsewhere_too(browser: Browser, ada: Person) -> None:
    subject, device = browser.issuer.person(ada.email), add(ada)
    assert browser.link(ada, subject).status_code == 200
    problem, held = held_for(browser, subject)
    assert problem["methods"] == ["passkey"]
    proof = {"passkey": device.get(problem["passkey_options"])}
    url = f"{PATH}/second-factor"
    refused(browser.app.post(url, json=held), 401, "second_factor_needed")
    refused(browser.app.post(url, json=proof | held | {"binding": "AAAA"}), 422, "sign_in_refused")
    refused(
        browser.app.post(url, json=proof | held | {"held": held["held"][:-4] + "AAAA"}),
        422,
        "sign_in_refused",
    )
    refused(browser.app.post(url.replace("here", "nobody"), json=proof | held), 404, "unknown_provider")
    new = person_of(browser.app, browser.app.post(url, json=proof | held))
    assert new.user_id == ada.user_id
    assert jwt.decode(new.token, options={"verify_signature": False})["amr"] == ["fed", "hwk", "mfa"]
    # Neither the factor nor what was held is good twice.
    refused(browser.app.post(url, json=proof | held), 409, "challenge_over")
    again = {"passkey": device.get(ada.post("/auth/passkeys/proof/options").json())}
    refused(browser.app.post(url, json=again | held), 409, "sign_in_over")


def test_what_is_held_is_for_one_person(browser: Browser, ada: Person, email: str) -> None:
    subject, device = browser.issuer.person(ada.email), add(ada)
    assert browser.link(ada, subject).status_code == 200
    mallory = person_of(browser.app, browser.sign_in(browser.issuer.person(email)))
    theirs = add(mallory)
    _, held = held_for(browser, subject)
    for proof in (
        theirs.get(mallory.post("/auth/passkeys/proof/options").json()),
        theirs.get(ada.post("/auth/passkeys/proof/options").json()),
        device.get(mallory.post("/auth/passkeys/proof/options").json()),
    ):
        refused(
            browser.app.post(f"{PATH}/second-factor", json=held | {"passkey": proof}), 401, "passkey_refused"
        )


def test_who_is_gone_meanwhile_is_not_signed_in(browser: Browser, ada: Person) -> None:
    subject, device = browser.issuer.person(ada.email), add(ada)
    identity = browser.link(ada, subject).json()["id"]
    problem, held = held_for(browser, subject)
    assert ada.delete(f"/users/me/identities/{identity}").status_code == 204
    proof = {"passkey": device.get(problem["passkey_options"])}
    refused(browser.app.post(f"{PATH}/second-factor", json=held | proof), 404, "unknown_identity")
