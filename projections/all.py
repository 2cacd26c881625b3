"""Every projection there is, in the order in which a window is applied; any order gives the same rows."""

from __future__ import annotations

from projections.accounts import Accounts
from projections.audit import Audit
from projections.balances import Balances
from projections.books import Books
from projections.erasures import Erasures
from projections.invitations import Invitations
from projections.keys import ApiKeys
from projections.people import People
from projections.projection import Projection
from projections.register import Register
from projections.rollup import Rollup
from projections.seal import Seal
from projections.security import Security
from projections.sessions import Sessions
from projections.statements import Statements
from projections.transactions import Transactions

ALL: tuple[Projection, ...] = (
    Books(),
    Invitations(),
    Accounts(),
    Audit(),
    Balances(),
    Rollup(),
    Register(),
    Transactions(),
    People(),
    Sessions(),
    Security(),
    ApiKeys(),
    Statements(),
    Erasures(),
    Seal(),
)
