"""One running service for all stories; each has people and books of its own."""

from collections.abc import Iterator

import pytest

from tests.stories.serving import Serving, serving


@pytest.fixture(scope="session")
def service() -> Iterator[Serving]:
    """`numina serve` on a free port."""
    with serving() as started:
        yield started
