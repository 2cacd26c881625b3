"""What the scheduler does: every job with what it needs handed in."""

from collections.abc import Sequence
from datetime import timedelta

from gateways.vault import Vault
from ledger.writer import Writer
from numina.mailing import OUTBOX, letters
from numina.master_key import master_key
from numina.settings import Settings
from scheduler.clock import Job
from scheduler.jobs.erase_people import ErasePeople
from scheduler.jobs.expire_holds import ExpireHolds
from scheduler.jobs.forget_letters import ForgetLetters
from scheduler.jobs.forget_requests import ForgetRequests
from scheduler.jobs.lapse_invitations import LapseInvitations
from scheduler.jobs.verify import Verify
from scheduler.reactions.invitations import InvitationWords
from scheduler.reactions.reactor import Reactor


def jobs(settings: Settings) -> Sequence[Job]:
    """The jobs of this installation; they write through a writer of their own, which connects when first used."""
    auditing = Vault(settings.url, master_key(settings), role="numina_projector")
    vault = Vault(settings.url, master_key(settings))
    writer = Writer(settings.url, vault)
    writer.start()
    clearing = timedelta(minutes=settings.erasure_clearing_minutes)
    return (
        Job("expire holds", timedelta(seconds=3), ExpireHolds(settings.url, writer)),
        Job(
            "erase people",
            timedelta(minutes=1),
            ErasePeople(settings.url, writer, vault, auditing, every=clearing),
        ),
        Job(
            "forget requests",
            timedelta(days=1),
            ForgetRequests(settings.url, timedelta(days=settings.requests_days)),
        ),
        Job(
            "forget letters", timedelta(hours=1), ForgetLetters(settings.home / OUTBOX, settings.outbox_days)
        ),
        Job("invitation words", timedelta(seconds=5), Reactor(settings.url, vault, InvitationWords(vault))),
        Job("lapse invitations", timedelta(hours=1), LapseInvitations(settings.url, writer)),
        Job("letters", timedelta(seconds=0.5), Reactor(settings.url, vault, letters(settings, vault))),
        Job("verify", timedelta(seconds=4), Verify(settings.url, auditing)),
    )
