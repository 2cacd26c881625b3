"""PostgreSQL's client programs (pg_dump, pg_restore, psql), pointed at the database of the settings."""

import shutil
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ledger.session import session_url
from numina.pginstall import wheel_install
from numina.settings import Settings
from numina.trouble import Trouble

ENCRYPTED = ("require", "verify-ca", "verify-full")


def program(name: str, settings: Settings) -> Path:
    """Where the program is: in the wheel, or on the path for a database that asks for TLS, which the wheel's
    programs do not speak. Raises Trouble when that one is missing."""
    if conninfo_to_dict(settings.url).get("sslmode") not in ENCRYPTED:
        return wheel_install() / "bin" / name
    found = shutil.which(name)
    if found is None:
        raise Trouble(f"{name} is needed to reach a database by TLS: install PostgreSQL's client programs")
    return Path(found)


def target(settings: Settings) -> tuple[str, dict[str, str]]:
    """The --dbname argument, and the environment with the password, which `ps` is not to show."""
    parts = {name: str(value) for name, value in conninfo_to_dict(session_url(settings.url)).items()}
    password = parts.pop("password", None)
    secret = {} if password is None else {"PGPASSWORD": password}
    return make_conninfo("", **parts), settings.environment() | secret
