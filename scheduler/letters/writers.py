"""Which letter is written upon which fact: the one table."""

from __future__ import annotations

from collections.abc import Mapping

from scheduler.letters import address, codes, invitation, notices, password
from scheduler.letters.notices import Writer

WRITERS: Mapping[str, Writer] = {
    "user.registered": address.welcome,
    "user.verification_asked": address.verification,
    "user.email_change_asked": address.wanted,
    "user.email_changed": address.moved,
    "user.reset_asked": password.reset,
    "user.password_changed": password.changed,
    "user.totp_*": notices.factor("An authenticator app"),
    "user.recovery_codes_made": codes.made,
    "user.recovery_code_used": codes.used,
    "user.factor_failed": codes.guessed,
    "user.passkey_*": notices.factor("A passkey"),
    "user.identity_*": notices.factor("An account elsewhere"),
    "user.role_granted": notices.role_granted,
    "user.erasure_asked": notices.erasure,
    "invitation.sent": invitation.invited,
    "session.opened": notices.new_device,
    "session.ended": notices.reused,
    "key.made": notices.key_made,
    "key.misused": notices.key_misused,
}


def writer_of(topic: str) -> Writer | None:
    """Who writes upon a fact of `topic`; a successor (`user.registered/2`) is told like the first."""
    first = topic.partition("/")[0]
    if first in WRITERS:
        return WRITERS[first]
    beginnings = (known for known in WRITERS if known.endswith("*") and first.startswith(known[:-1]))
    return next((WRITERS[known] for known in beginnings), None)
