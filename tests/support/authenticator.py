"""A device that makes passkeys, in software, and does as it is told, also what no device would do."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from soft_webauthn import SoftWebauthnDevice

ORIGIN = "http://localhost:8000"
PRESENT, VERIFIED = 0x01, 0x04


def b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Authenticator:
    """One device with one credential, on the page at `origin`. Options and answers are as JSON has them."""

    def __init__(self, origin: str = ORIGIN) -> None:
        self.device = SoftWebauthnDevice()
        self.origin = origin

    @property
    def sign_count(self) -> int:
        return int(self.device.sign_count)

    @sign_count.setter
    def sign_count(self, count: int) -> None:
        self.device.sign_count = count

    def create(self, options: Mapping[str, Any], *, origin: str | None = None) -> dict[str, Any]:
        """A new credential, as navigator.credentials.create() answers."""
        raw = dict(options)
        raw["challenge"] = unb64(raw["challenge"])
        raw["user"] = raw["user"] | {"id": unb64(raw["user"]["id"])}
        made = self.device.create({"publicKey": raw}, origin or self.origin)
        answer = {name: b64(value) for name, value in made["response"].items()}
        return self._public(answer | {"transports": ["internal", "hybrid", "by-pigeon"]})

    def get(
        self,
        options: Mapping[str, Any],
        *,
        origin: str | None = None,
        rp_id: str | None = None,
        kind: str = "webauthn.get",
        flags: int = PRESENT | VERIFIED,
        user_handle: bytes | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """A signature, as navigator.credentials.get() answers; `more` goes into the client data."""
        self.device.sign_count += 1
        said = {"type": kind, "challenge": options["challenge"], "origin": origin or self.origin, **more}
        client_data = json.dumps(said).encode()
        domain = sha256((rp_id or options["rpId"]).encode()).digest()
        data = domain + bytes([flags]) + self.sign_count.to_bytes(4, "big")
        signature = self.device.private_key.sign(
            data + sha256(client_data).digest(), ec.ECDSA(hashes.SHA256())
        )
        return self._public(
            {
                "clientDataJSON": b64(client_data),
                "authenticatorData": b64(data),
                "signature": b64(signature),
                "userHandle": b64(user_handle or self.device.user_handle),
            }
        )

    def _public(self, response: dict[str, Any]) -> dict[str, Any]:
        name = b64(self.device.credential_id)
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
            "authenticatorAttachment": "platform",
        }
