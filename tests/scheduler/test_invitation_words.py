"""The words of an invitation are destroyed once it is over, and of no other."""

from gateways.vault import Vault
from ledger.identity.commands import RegisterUser
from ledger.invitations.commands import Invite, WithdrawInvitation
from ledger.mailbox.commands import VerifyEmail
from ledger.writer import Writer
from projections.projector import Projector
from projections.verify import verify
from scheduler.reactions.invitations import InvitationWords
from scheduler.reactions.reactor import Reactor
from tests.support.scenario import Scenario

MASTER = bytes(range(32))


def test_an_invitation_that_is_over_has_no_words(database: str) -> None:
    vault = Vault(database, MASTER)
    reading = Vault(database, MASTER, role="numina_projector")
    writer = Writer(database, vault)
    writer.start()
    try:
        book = Scenario(writer.handle_sync)
        who = {"email": "ada@example.org", "password": "$argon2id$", "display_name": "Ada"}
        book.do(RegisterUser, **who, currency="EUR", time_zone="UTC", book_id=book.fresh())
        book.do(VerifyEmail, email="ada@example.org", book_id=book.fresh())
        over, still = book.fresh(), book.fresh()
        for number, invitation_id in enumerate((over, still)):
            book.do(Invite, invitation_id=invitation_id, email=f"guest{number}@example.org", role="viewer")
        reactor = Reactor(database, vault, InvitationWords(vault))
        reactor()
        assert vault.of(over) is not None, "it is still open"
        book.do(WithdrawInvitation, invitation_id=over)
        reactor()
        assert vault.of(over) is None
        assert vault.of(still) is not None
        Projector(database, reading).catch_up()
        assert verify(database, reading).mismatches == ()
    finally:
        writer.stop()
        vault.close()
        reading.close()
