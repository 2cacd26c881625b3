"""A PostgreSQL that runs already, in the place of the embedded one: to try the suite on another release."""

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo


class GivenServer:
    """`url` is that of a superuser who may sign in without a password, and so may the role `numina`, which is made
    here with no more rights than the embedded server gives it."""

    def __init__(self, url: str) -> None:
        self.admin_url = url
        with psycopg.connect(url, autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'numina'").fetchone() is None:
                connection.execute("CREATE ROLE numina LOGIN CREATEROLE CREATEDB")
            # Left by an earlier run, whose migrations may have been others. One run at a time, so no xdist.
            connection.execute("DROP DATABASE IF EXISTS template WITH (FORCE)")
            for (name,) in connection.execute(
                "SELECT datname FROM pg_database WHERE datname ~ '^test[0-9]+$'"
            ):
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def url_of(self, user: str, database: str) -> str:
        """The URL of a role on a database of this server."""
        return make_conninfo(self.admin_url, user=user, dbname=database)

    @property
    def url(self) -> str:
        """The URL of the role `numina` on the server's first database."""
        return self.url_of("numina", str(conninfo_to_dict(self.admin_url).get("dbname", "postgres")))
