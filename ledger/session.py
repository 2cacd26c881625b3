"""Sessions with the database: opened so that every statement means the same on whichever server it runs."""

from __future__ import annotations

from psycopg.conninfo import conninfo_to_dict, make_conninfo

# What somebody may have set for their server, their database or the role in DATABASE_URL, for programs of other
# habits. What is given when a session is opened goes before all of that.
_SETTINGS = {
    "TimeZone": "UTC",
    # psycopg reads no other style of times.
    "DateStyle": "ISO,YMD",
    "standard_conforming_strings": "on",
    # The writers take turns by a lock; a snapshot from before it was waited for would be refused for that alone.
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "default_transaction_deferrable": "off",
    # A rebuild may take hours, a session may rest for days, and who must not wait says so below.
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    # A plan that has to scan a table where scans are priced out seems worth compiling, which takes 25 ms and more for
    # a statement that takes 0.02.
    "jit": "off",
}


def session_url(url: str, role: str | None = None, **settings: str) -> str:
    """The URL for a session on the database at `url`, with the rights of `role` (None: those of the URL's user).

    `settings` are configuration parameters of PostgreSQL and go before those that every session has; options that
    the URL has of its own come first, and give way to both. Text is exchanged in UTF-8, whatever the environment
    says. Raises psycopg.ProgrammingError for a URL that makes no sense.
    """
    chosen = _SETTINGS | ({"role": role} if role is not None else {}) | settings
    own = conninfo_to_dict(url).get("options") or ""
    options = " ".join([str(own), *(f"-c {name}={_escaped(value)}" for name, value in chosen.items())])
    return make_conninfo(url, options=options.strip(), client_encoding="UTF8")


def _escaped(value: str) -> str:
    """A value as one word of the options: the server takes them apart at spaces."""
    return value.replace("\\", "\\\\").replace(" ", "\\ ")
