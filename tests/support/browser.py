"""Somebody's browser on our page, which signs in at a provider."""

from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from tests.support.issuer import RETURN_TO, Issuer
from tests.support.service import Person

PATH = "/v1/auth/oidc/here"


class Browser:
    """Somebody's browser on our page."""

    def __init__(self, app: TestClient, issuer: Issuer) -> None:
        self.app, self.issuer = app, issuer

    def start(self, return_to: str = RETURN_TO) -> dict[str, Any]:
        begun = self.app.post(f"{PATH}/start", json={"return_to": return_to})
        assert begun.status_code == 200, begun.text
        found: dict[str, Any] = begun.json()
        return found

    def come_back(self, subject: str, begun: dict[str, Any] | None = None) -> dict[str, Any]:
        begun = begun or self.start()
        return self.issuer.consent(begun["url"], subject) | {"binding": begun["binding"]}

    def finish(self, body: dict[str, Any]) -> Response:
        return self.app.post(f"{PATH}/finish", json=body)

    def sign_in(self, subject: str) -> Response:
        return self.finish(self.come_back(subject))

    def link(self, person: Person, subject: str) -> Response:
        begun = person.post("/auth/oidc/here/link/start", {"return_to": RETURN_TO})
        assert begun.status_code == 200, begun.text
        return person.post("/auth/oidc/here/link", self.come_back(subject, begun.json()))

    def forget_what_is_known(self) -> None:
        """What the provider publishes, and its keys, are asked for again the next time."""
        self.provider._metadata_at = self.provider._keys_at = float("-inf")

    @property
    def provider(self) -> Any:
        """The provider as the application knows it."""
        return self.app.app._services.oidc.providers["here"]  # type: ignore[attr-defined]  # the outermost layer


def person_of(app: TestClient, answer: Response) -> Person:
    assert answer.status_code == 200, answer.text
    token = answer.json()
    return Person(app, "", token["user_id"], token["book_id"], token["access_token"])
