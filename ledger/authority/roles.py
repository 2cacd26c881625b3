"""The roles of those who operate the service. Whoever has none is a user, as everybody is."""

from __future__ import annotations

from typing import Literal, get_args

StaffRole = Literal["admin", "auditor", "analyst"]
"""An admin operates and reads no one's money; an auditor reads the record, the audit trail and proofs of every book
without text, unless the book's owner allows it; an analyst reads sums under pseudonyms."""

STAFF_ROLES: tuple[StaffRole, ...] = get_args(StaffRole)
