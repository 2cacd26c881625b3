"""The chapter of the golden record about people who share a book."""

from typing import Any

from ledger.books.membership import ChangeOwner, ChangeRole, LeaveBook, RemoveMember
from ledger.identity.commands import RegisterUser
from ledger.ids import derived_id
from ledger.invitations.commands import AcceptInvitation, DeclineInvitation, Invite, WithdrawInvitation
from ledger.mailbox.commands import VerifyEmail
from tests.support.scenario import Scenario


def households(book: Scenario) -> None:
    """Somebody is invited, joins, is given the book, and everybody goes in some way."""
    people = {name: (book.fresh(), derived_id("golden", name)) for name in ("Ana", "Bo", "Cyd")}

    def acts(name: str) -> dict[str, Any]:
        return {"actor_id": people[name][0], "book_id": shared}

    def invited(name: str) -> dict[str, Any]:
        sent = {"invitation_id": book.fresh(), "email": f"{name}@household.example", "role": "viewer"}
        book.do(Invite, **acts("Ana"), **sent, message="“Komm”\n日本")
        return {"invitation_id": sent["invitation_id"]}

    for name, (user_id, home) in people.items():
        address, who = f"{name}@household.example", {"actor_id": user_id, "book_id": home}
        fields = {"password": "$argon2id$p", "display_name": name, "currency": "EUR", "time_zone": "UTC"}
        book.do(RegisterUser, **who, **fields, email=address)
        book.do(VerifyEmail, **who, email=address)
    shared = people["Ana"][1]
    bo, cyd = people["Bo"][0], people["Cyd"][0]
    book.do(DeclineInvitation, **acts("Cyd"), **invited("Cyd"))
    book.do(WithdrawInvitation, **acts("Ana"), **invited("Cyd"))
    for name in ("Bo", "Cyd"):
        book.do(AcceptInvitation, **acts(name), **invited(name))
    book.do(ChangeRole, **acts("Ana"), user_id=bo, role="editor")
    book.do(RemoveMember, **acts("Ana"), user_id=cyd)
    book.do(ChangeOwner, **acts("Ana"), user_id=bo)
    book.do(LeaveBook, **acts("Ana"))
