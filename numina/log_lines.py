"""What the service's processes write to their log: one JSON object a line, with nothing in it that is secret or
personal.

What writes to the log names no such thing in the first place. This is the second net: the message of an error may
quote what somebody sent, PostgreSQL quotes whole rows, and a library may say more than it should.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

import psycopg
import structlog
from pydantic import ValidationError
from structlog.typing import EventDict

from ledger.refusals import Refusal, TryAgain

HIDDEN = "[hidden]"
_NAMES = re.compile(
    r"passw|passphrase|token|secret|authori[sz]ation|cookie|e?mail|payee|recovery|otp"
    r"|^(code|key|text|body|query|headers|input|parameters|params|args|dsn|conninfo|database_url|redis_url)$",
    re.IGNORECASE,
)
_PATTERNS = (
    # JSON Web Tokens, tokens and keys of ours, what argon2 makes, addresses of people, passwords in URLs, queries.
    re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]*){0,2}"),
    re.compile(r"\bnumina_[a-z]+_[\w-]{8,}"),
    re.compile(r"\$argon2[\w$=,+/.-]+"),
    re.compile(r"[^\s\"'<>(){}\[\]=,;:/\\]+@[^\s\"'<>(){}\[\],;:/\\]+"),
    re.compile(r"(?<=://)[^/\s@]*:[^/\s]+(?=@)"),
    re.compile(r"(?<=\?)[\w.~%-]+=[^\s\"']+"),
)
_QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|“[^”\n]*”|`[^`\n]*`")
# What PostgreSQL says of itself and of our statements; any other class (22, 23, P0 ...) is about what is in rows.
_OF_THE_SERVER = ("08", "25", "3D", "3F", "40", "42", "53", "54", "55", "57", "58")
# Their messages quote names of the program's.
_OF_THE_PROGRAM = (AttributeError, ImportError, NameError, TypeError, OSError, Refusal, TryAgain)


def configure(level: str) -> None:
    """For the whole process: its own log, what libraries log from warnings on, and errors that nobody caught."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            hidden,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Libraries()], force=True)
    sys.excepthook = _uncaught
    sys.unraisablehook = lambda told: _uncaught(told.exc_type, told.exc_value, told.exc_traceback)
    threading.excepthook = lambda told: _uncaught(told.exc_type, told.exc_value, told.exc_traceback)


def hidden(_logger: object, _method: str, event: EventDict) -> EventDict:
    """A structlog processor: `exc_info` becomes text, and what is named for a secret, or looks like one, goes."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    elif isinstance(error, tuple):
        error = error[1]
    shown = {name: HIDDEN if _NAMES.search(name) else _clean(value) for name, value in event.items()}
    if isinstance(error, BaseException):
        shown["exception"] = _clean("".join(_lines(error)))
    return shown


def told(error: BaseException) -> str:
    """What may be said of an error: its kind, and of its message what cannot be somebody's words."""
    kind = type(error).__name__
    if isinstance(error, psycopg.Error) and error.sqlstate:
        if error.sqlstate.startswith(_OF_THE_SERVER):
            return f"{kind}: {error.diag.message_primary}"
        where = {"table": error.diag.table_name, "constraint": error.diag.constraint_name}
        known = "".join(f", {name} {value}" for name, value in where.items() if value)
        return f"{kind}: SQLSTATE {error.sqlstate}{known}"
    if isinstance(error, ValidationError):
        wrong = [
            f"{'.'.join(map(str, each['loc']))} {each['type']}" for each in error.errors(include_input=False)
        ]
        return f"{kind}: {error.title}: {', '.join(wrong)}"
    if isinstance(error, _OF_THE_PROGRAM):
        return f"{kind}: {error}"
    return f"{kind}: {_QUOTED.sub('...', str(error))}"


class _Libraries(logging.Handler):
    """Hands what libraries log on to the log of the process."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except Exception:
            message = str(record.msg)
        logger = structlog.get_logger(record.name)
        logger.log(record.levelno, message, logger=record.name, exc_info=record.exc_info or None)


def _uncaught(
    _kind: type[BaseException], error: BaseException | None, _traceback: TracebackType | None
) -> None:
    if isinstance(error, KeyboardInterrupt):
        return
    structlog.get_logger("numina").critical("nobody caught an error", exc_info=error)


def _lines(error: BaseException) -> Iterator[str]:
    """The traceback of an error and of what led to it, the first one first."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _lines(before)
        yield "\nand from that\n"
    yield from traceback.format_tb(error.__traceback__)
    yield told(error)
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield "\none of several\n"
            yield from _lines(each)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        for pattern in _PATTERNS:
            value = pattern.sub(HIDDEN, value)
        return value
    if isinstance(value, BaseException):
        return _clean(told(value))
    if isinstance(value, Mapping):
        return {name: HIDDEN if _NAMES.search(str(name)) else _clean(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(each) for each in value]
    return value if value is None or isinstance(value, bool | int | float) else _clean(str(value))
