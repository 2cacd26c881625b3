"""Which news goes out by which channel: the catalogue, its defaults, and what cannot be switched off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from ledger.refusals import Refusal

Kind = Literal["security", "invitations", "bills", "budgets", "goals", "transfers", "reports", "product"]
Channel = Literal["mail", "push", "sms"]

KINDS: tuple[Kind, ...] = get_args(Kind)
CHANNELS: tuple[Channel, ...] = get_args(Channel)

_DEFAULTS: Mapping[str, tuple[Channel, ...]] = {
    "security": ("mail", "push"),
    "invitations": ("mail",),
    "bills": ("mail", "push"),
    "budgets": ("push",),
    "goals": ("push",),
    "transfers": ("mail", "push"),
    "reports": ("mail",),
    "product": (),
}


class SecurityMailStays(Refusal):
    """News of your account's security always goes out by mail."""

    code = "security_mail_stays"


class UnknownNotification(Refusal):
    """There is no such kind of news, or no such channel."""

    code = "unknown_notification"


def channels(chosen: Mapping[str, tuple[str, ...]], kind: Kind) -> tuple[str, ...]:
    """The channels by which news of this kind goes out to somebody who has chosen so."""
    return chosen.get(kind, _DEFAULTS[kind])


def every(chosen: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The channels of every kind, defaults filled in."""
    return {kind: channels(chosen, kind) for kind in KINDS}


def checked(wanted: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """`wanted` with each channel once, in the order of the catalogue. Raises UnknownNotification, and
    SecurityMailStays: who has got in must not be able to do so unnoticed."""
    for kind, named in wanted.items():
        unknown = [kind] if kind not in KINDS else sorted(set(named) - set(CHANNELS))
        if unknown:
            raise UnknownNotification(
                f"{unknown[0][:64]!r} is none of {', '.join(KINDS if kind not in KINDS else CHANNELS)}.",
                field=f"notifications.{kind[:64]}",
            )
    if "mail" not in wanted.get("security", ("mail",)):
        raise SecurityMailStays("Keep `mail` among the channels.", field="notifications.security")
    return {kind: tuple(c for c in CHANNELS if c in named) for kind, named in wanted.items()}
