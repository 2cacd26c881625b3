"""Who may give and take roles, and that there is an admin whatever happens."""

from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ledger.authority.commands import GrantRole, ReinstateUser, RevokeRole, SuspendUser
from ledger.authority.refusals import (
    Leaving,
    NotAnAdmin,
    OwnAuthority,
    RoleStays,
    Suspended,
    UnknownPerson,
    UnknownRole,
)
from ledger.entities import fold
from ledger.identity.commands import RegisterUser
from ledger.identity.user import User
from ledger.ids import NIL, derived_id
from ledger.privacy.commands import AskErasure, CancelErasure
from ledger.refusals import Refusal
from ledger.sessions.commands import OpenSession, RefreshSession
from tests.support.scenario import Scenario


class Service:
    """People who are registered, by their names."""

    def __init__(self, *names: str) -> None:
        self.book = Scenario()
        for name in names:
            self.book.do(
                RegisterUser,
                actor_id=self.id(name),
                book_id=self.home(name),
                email=f"{name}@example.com",
                password="$argon2id$",
                display_name=name,
                currency="EUR",
                time_zone="UTC",
            )

    def id(self, name: str) -> UUID:
        return derived_id("authority", name)

    def home(self, name: str) -> UUID:
        return derived_id("authority", name, "home")

    def wish(self, who: str, by: str | None, **fields: Any) -> dict[str, Any]:
        actor = {"actor_id": NIL, "operator": True} if by is None else {"actor_id": self.id(by)}
        return {"user_id": self.id(who), "book_id": self.home(who), "reason": "so"} | actor | fields

    def do(self, kind: Any, who: str, by: str | None = None, **fields: Any) -> list[str]:
        return [recorded.topic for recorded in self.book.do(kind, **self.wish(who, by, **fields)).facts]

    def refuses(self, refusal: type[Refusal], kind: Any, who: str, by: str | None, **fields: Any) -> None:
        self.book.refuses(refusal, kind, **self.wish(who, by, **fields))

    def user(self, name: str) -> User:
        found = fold(recorded for recorded in self.book.ledger.record if recorded.stream_id == self.id(name))
        assert isinstance(found, User)
        return found


@pytest.fixture
def service() -> Service:
    service = Service("root", "ada", "bob")
    service.do(GrantRole, "root", role="admin")
    return service


def test_a_role_is_given_and_taken_once(service: Service) -> None:
    assert service.do(GrantRole, "ada", "root", role="auditor") == ["user.role_granted"]
    assert service.do(GrantRole, "ada", "root", role="auditor") == []
    assert service.do(GrantRole, "ada", "root", role="analyst") == ["user.role_granted"]
    assert service.user("ada").authority.roles == ("analyst", "auditor")
    assert service.do(RevokeRole, "ada", "root", role="auditor") == ["user.role_revoked"]
    assert service.do(RevokeRole, "ada", "root", role="auditor") == []
    assert service.user("ada").authority.roles == ("analyst",)


def test_the_record_says_who_and_why(service: Service) -> None:
    (recorded,) = service.book.do(
        GrantRole, **service.wish("ada", "root", role="auditor", reason="audits 2026")
    ).facts
    fact: Any = recorded.fact
    assert (fact.by, fact.text, recorded.actor_id) == (
        service.id("root"),
        {"reason": "audits 2026"},
        service.id("root"),
    )
    assert recorded.stream_id == service.id("ada")


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (GrantRole, {"role": "admin"}),
        (RevokeRole, {"role": "admin"}),
        (SuspendUser, {}),
        (ReinstateUser, {}),
    ],
)
def test_only_an_admin_does_it_and_not_to_themselves(
    service: Service, kind: Any, fields: dict[str, str]
) -> None:
    service.do(GrantRole, "bob", "root", role="auditor")
    for nobody in ("ada", "bob", "nobody"):
        service.refuses(NotAnAdmin, kind, "ada", nobody, **fields)
        service.refuses(NotAnAdmin, kind, "root", nobody, **fields)
    service.refuses(OwnAuthority, kind, "root", "root", **fields)
    service.refuses(UnknownPerson, kind, "nobody", "root", **fields)
    service.refuses(UnknownPerson, kind, "ada", "root", book_id=service.home("bob"), **fields)


@pytest.mark.parametrize("role", ["", "owner", "user", "Admin", "admin "])
def test_there_are_three_roles(service: Service, role: str) -> None:
    service.refuses(UnknownRole, GrantRole, "ada", "root", role=role)
    service.refuses(UnknownRole, RevokeRole, "ada", "root", role=role)


def test_a_suspended_admin_is_none(service: Service) -> None:
    service.do(GrantRole, "ada", "root", role="admin")
    assert service.do(SuspendUser, "ada", "root") == ["user.suspended"]
    assert service.do(SuspendUser, "ada", "root") == []
    service.refuses(NotAnAdmin, SuspendUser, "root", "ada")
    assert service.do(ReinstateUser, "ada", "root") == ["user.reinstated"]
    assert service.do(ReinstateUser, "ada", "root") == []
    assert service.do(SuspendUser, "root", "ada") == ["user.suspended"]


def test_whoever_is_suspended_opens_and_refreshes_no_session(service: Service) -> None:
    book, person = service.book, {"actor_id": service.id("ada"), "book_id": service.id("ada")}
    session, month = book.fresh(), book.now.replace(month=4)
    opening: dict[str, Any] = {"methods": ("pwd",), "digest": bytes(32), "expires_at": month}
    book.do(OpenSession, **person, session_id=session, **opening)
    service.do(SuspendUser, "ada", "root")
    book.refuses(Suspended, OpenSession, **person, session_id=book.fresh(), **opening)
    exchange = {"shown": bytes(32), "following": bytes(31) + b"1", "expires_at": month}
    book.refuses(Suspended, RefreshSession, **person, session_id=session, **exchange)
    service.do(ReinstateUser, "ada", "root")
    book.do(RefreshSession, **person, session_id=session, **exchange)


def test_an_admin_is_not_forgotten_and_who_leaves_gets_no_role(service: Service) -> None:
    book = service.book
    root = {"actor_id": service.id("root"), "book_id": service.home("root")}
    book.refuses(RoleStays, AskErasure, **root, due_at=book.now)
    ada = {"actor_id": service.id("ada"), "book_id": service.home("ada")}
    book.do(AskErasure, **ada, due_at=book.now)
    service.refuses(Leaving, GrantRole, "ada", "root", role="admin")
    book.do(CancelErasure, **ada)
    service.do(GrantRole, "ada", "root", role="admin")
    service.do(RevokeRole, "root", "ada", role="admin")
    book.do(AskErasure, **root, due_at=book.now)


NAMES = st.sampled_from(["root", "ada", "bob"])


class Intrigue(RuleBasedStateMachine):
    """Three people try to get rid of each other."""

    def __init__(self) -> None:
        super().__init__()
        self.service = Service("root", "ada", "bob")
        self.service.do(GrantRole, "root", role="admin")

    def attempt(self, kind: Any, who: str, by: str, **fields: Any) -> None:
        with suppress(NotAnAdmin, OwnAuthority, Leaving):
            self.service.do(kind, who, by, **fields)

    @rule(who=NAMES, by=NAMES, kind=st.sampled_from([GrantRole, RevokeRole]))
    def change_role(self, who: str, by: str, kind: Any) -> None:
        self.attempt(kind, who, by, role="admin")

    @rule(who=NAMES, by=NAMES, kind=st.sampled_from([SuspendUser, ReinstateUser]))
    def change_standing(self, who: str, by: str, kind: Any) -> None:
        self.attempt(kind, who, by)

    @rule(who=NAMES)
    def leave(self, who: str) -> None:
        book = self.service.book
        person = {"actor_id": self.service.id(who), "book_id": self.service.home(who)}
        try:
            book.do(AskErasure, **person, due_at=book.now)
        except RoleStays:
            assert "admin" in self.service.user(who).authority.roles

    @invariant()
    def somebody_is_an_admin(self) -> None:
        people = [self.service.user(name) for name in ("root", "ada", "bob")]
        assert any("admin" in each.authority.roles and not each.authority.suspended for each in people)
        assert not any("admin" in each.authority.roles and each.privacy.erasure_due for each in people)


TestIntrigue = Intrigue.TestCase
TestIntrigue.settings = hypothesis_settings(max_examples=20, stateful_step_count=25, deadline=None)
