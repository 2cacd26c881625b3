"""What somebody may do with a book: each role may do what those before it may."""

from __future__ import annotations

from typing import Literal

Role = Literal["viewer", "editor", "owner"]
LesserRole = Literal["viewer", "editor"]
"""What others than the owner are; one becomes the owner only by being given the book."""

_RANK: dict[Role, int] = {"viewer": 1, "editor": 2, "owner": 3}


def reaches(role: Role, least: Role) -> bool:
    """Whether who has `role` may do what `least` is asked for."""
    return _RANK[role] >= _RANK[least]
