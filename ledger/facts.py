"""Every fact there is: importing this module registers all topics, so that any record can be read."""

from ledger.accounts import events as accounts
from ledger.anomalies import events as anomalies
from ledger.authority import events as authority
from ledger.books import events as books
from ledger.factors import events as factors
from ledger.identity import events as identity
from ledger.invitations import events as invitations
from ledger.keys import events as keys
from ledger.mailbox import events as mailbox
from ledger.oidc import events as oidc
from ledger.passkeys import events as passkeys
from ledger.privacy import events as privacy
from ledger.profile import events as profile
from ledger.reconciliations import events as reconciliations
from ledger.sessions import events as sessions
from ledger.transactions import events as transactions
from ledger.undo import events as undo

__all__ = [
    "accounts",
    "anomalies",
    "authority",
    "books",
    "factors",
    "identity",
    "invitations",
    "keys",
    "mailbox",
    "oidc",
    "passkeys",
    "privacy",
    "profile",
    "reconciliations",
    "sessions",
    "transactions",
    "undo",
]
