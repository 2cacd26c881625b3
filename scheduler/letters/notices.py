"""Letters that tell somebody what was done in their name, in case it was not them."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from ledger.authority.events import UserRoleGranted
from ledger.privacy.events import UserErasureAsked
from ledger.record import Recorded
from ledger.sessions.events import SessionEnded, SessionOpened
from scheduler.letters.desk import Desk
from scheduler.letters.letter import Letter

Writer = Callable[[Recorded, Desk], Letter | None]

CHANGE = "If it was not you, choose another password at once; that signs you out everywhere else."
_MOST_OF_DEVICE = 80


def reused(recorded: Recorded, desk: Desk) -> Letter | None:
    """To whose session was ended because its refresh token was in two hands."""
    assert isinstance(recorded.fact, SessionEnded)  # noqa: S101  # by its topic
    if recorded.fact.reason != "reused":
        return None
    # The book of a session is its person.
    return notice(
        desk,
        recorded.book_id,
        "A session of yours was ended",
        "A token of one of your sessions at Numina was used a second time, as happens when somebody has copied it. "
        "The session was ended, for you and for them.",
        "If you did not do that yourself, look after the device that you were signed in on, and choose another "
        "password.",
    )


def new_device(recorded: Recorded, desk: Desk) -> Letter | None:
    """To who is signed in on a device that they were not on before."""
    opened = recorded.fact
    assert isinstance(opened, SessionOpened)  # noqa: S101  # by its topic
    device = opened.text.get("device", "")
    if desk.seen_before(opened.user_id, recorded.position, recorded.stream_id, device):
        return None
    where = opened.text.get("address", "")
    return notice(
        desk,
        opened.user_id,
        "A new sign-in",
        f"Somebody signed in to your account at Numina on {recorded.recorded_at:%d %B %Y at %H:%M} (UTC)"
        + (f", from the network {where}" if where else "")
        + f'. The device calls itself "{_plain(device) or "nothing"}".',
        CHANGE,
    )


def factor(what: str) -> Writer:
    """To whose way of proving who they are was added to, or taken from, by the last word of the topic."""

    def write(recorded: Recorded, desk: Desk) -> Letter | None:
        done = recorded.topic.partition("/")[0].rpartition("_")[2]
        if done in ("added", "enabled", "confirmed", "linked"):
            told = f"{what} was added to your account at Numina. It can be used to sign in."
        elif done in ("removed", "disabled", "unlinked"):
            told = f"{what} was removed from your account at Numina. It is of no use any more."
        elif done == "suspected":
            told = f"{what} of your account at Numina may have been copied. Nobody was let in by it."
        else:
            return None
        return notice(desk, recorded.stream_id, "How you sign in was changed", told, CHANGE)

    return write


def role_granted(recorded: Recorded, desk: Desk) -> Letter | None:
    """To who has a part in operating the service."""
    fact = recorded.fact
    assert isinstance(fact, UserRoleGranted)  # noqa: S101  # by its topic
    return notice(
        desk,
        recorded.stream_id,
        "You have a role among the staff",
        f"Your account at Numina was given the role {fact.role}, among those who operate the service.",
        "If you do not expect that, tell them.",
    )


def key_made(recorded: Recorded, desk: Desk) -> Letter | None:
    """To who has another API key."""
    return notice(
        desk,
        recorded.actor_id,
        "An API key was made",
        "A new API key lets programs act for your account at Numina.",
        "If it was not you, revoke it, and choose another password at once.",
    )


def key_misused(recorded: Recorded, desk: Desk) -> Letter | None:
    """To whose API key was tried once it was good no more. The book of a key is its person."""
    return notice(
        desk,
        recorded.book_id,
        "An old API key was used",
        "A program tried an API key of yours at Numina that is revoked or has expired. It was turned away.",
        "If it is not one of yours, somebody has a copy of that key.",
    )


def erasure(recorded: Recorded, desk: Desk) -> Letter | None:
    """To who asked to be forgotten, while they may still think better of it."""
    fact, user = recorded.fact, desk.person(recorded.stream_id)
    assert isinstance(fact, UserErasureAsked)  # noqa: S101  # by its topic
    if user is None or user.privacy.erasure_due != fact.due_at:
        return None
    return notice(
        desk,
        recorded.stream_id,
        "You will be forgotten",
        f"On {fact.due_at:%d %B %Y at %H:%M} (UTC) your account at Numina is erased, as you asked. Nothing of what "
        "you wrote can be read after that, by anybody.",
        "Until then you can sign in and think better of it. " + CHANGE,
    )


def notice(desk: Desk, user_id: UUID, subject: str, *parts: str) -> Letter | None:
    """A letter to the person, if they are still there."""
    user = desk.person(user_id)
    if user is None:
        return None
    return Letter(to=user.text["email"], subject=subject, parts=parts)


def _plain(device: str) -> str:
    """What a device calls itself, cut so that nobody can write a letter in it or have it hold a link."""
    kept = "".join(c if c.isalnum() or c in " ;(),_-" else " " for c in device[:_MOST_OF_DEVICE])
    return " ".join(kept.split())
