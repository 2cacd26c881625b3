"""One running service for all stories; each has people and books of its own."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from tests.stories.serving import Serving, serving


@pytest.fixture(scope="session")
def service(service_database: Callable[[], AbstractContextManager[str | None]]) -> Iterator[Serving]:
    """`numina serve` on a free port."""
    with service_database() as url, serving(url) as started:
        yield started
