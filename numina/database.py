"""The database that the settings select: the one at DATABASE_URL, or the embedded server of the home."""

from collections.abc import Iterator
from contextlib import contextmanager

from numina.settings import Settings


@contextmanager
def database(settings: Settings) -> Iterator[Settings]:
    """The settings with `database_url` filled in, good for as long as the context lasts.

    The embedded server is joined where it runs and started where not. Raises EmbeddedServerError.
    """
    if settings.database_url is not None:
        yield settings
        return
    from numina.embedded import EmbeddedPostgres

    with EmbeddedPostgres(settings.home) as server:
        yield settings.model_copy(update={"database_url": server.url})
