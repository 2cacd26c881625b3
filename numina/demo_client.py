"""Talking to a running service for the demonstration: every answer is the expected one, or the demo ends there."""

from typing import Any

from httpx2 import Response

from numina.trouble import Trouble


class DemoFailed(Trouble):
    """The service refused something; the message is its answer."""


def checked(answer: Response, status: int) -> Any:
    """The answer's body. Raises DemoFailed with what the service said when the status is another."""
    if answer.status_code != status:
        raise DemoFailed(f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}")
    return answer.json()
