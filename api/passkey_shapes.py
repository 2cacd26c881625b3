"""What browsers say and are told about passkeys: the JSON forms of Web Authentication Level 3 (W3C)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints
from typing_extensions import TypedDict

from api.fields import Body

# Everything that a device sends is bytes in base64url; an attestation with certificates has some thousand.
Bytes = Annotated[str, StringConstraints(max_length=50_000, pattern=r"^[A-Za-z0-9_-]*$")]

PROOF_EXAMPLE = {
    "id": "W3TsXvLkqFqYp0yDWCSb7w",
    "rawId": "W3TsXvLkqFqYp0yDWCSb7w",
    "type": "public-key",
    "response": {
        "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0",
        "authenticatorData": "SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAQ",
        "signature": "MEUCIQCsd2gEcQ",
        "userHandle": "AZqdPnoQfFWPbg1qOx8sTQ",
    },
}
CREATION_EXAMPLE = {
    "challenge": "dW5ndWVzc2FibGU",
    "rp": {"id": "localhost", "name": "Numina"},
    "user": {"id": "AZqdPnoQfFWPbg1qOx8sTQ", "name": "ada@example.com", "displayName": "Ada"},
    "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
    "timeout": 300000,
    "excludeCredentials": [],
    "authenticatorSelection": {"residentKey": "preferred", "userVerification": "preferred"},
    "attestation": "none",
}
REQUEST_EXAMPLE = {
    "challenge": "dW5ndWVzc2FibGU",
    "rpId": "localhost",
    "timeout": 300000,
    "userVerification": "preferred",
    "allowCredentials": [{"type": "public-key", "id": "W3TsXvLkqFqYp0yDWCSb7w"}],
}


class FromBrowser(Body):
    """What browsers make as PublicKeyCredential.toJSON(); they may well add to it."""

    model_config = ConfigDict(extra="ignore")


class Assertion(FromBrowser):
    """The response of an AuthenticationResponseJSON (Web Authentication Level 3)."""

    clientDataJSON: Bytes
    authenticatorData: Bytes
    signature: Bytes
    userHandle: Bytes | None = None


class PasskeyProof(FromBrowser):
    """What `navigator.credentials.get()` gave: `credential.toJSON()`."""

    id: Bytes
    rawId: Bytes
    type: Literal["public-key"]
    response: Assertion = Field(examples=[PROOF_EXAMPLE["response"]])


class Attestation(FromBrowser):
    """The response of a RegistrationResponseJSON (Web Authentication Level 3)."""

    clientDataJSON: Bytes
    attestationObject: Bytes
    transports: Annotated[list[str], Field(max_length=20)] = []


class MadePasskey(FromBrowser):
    """What `navigator.credentials.create()` gave: `credential.toJSON()`."""

    id: Bytes
    rawId: Bytes
    type: Literal["public-key"]
    response: Attestation


class CreationOptions(TypedDict):
    """PublicKeyCredentialCreationOptionsJSON."""

    challenge: str
    rp: dict[str, str]
    user: dict[str, str]
    pubKeyCredParams: list[dict[str, Any]]
    timeout: int
    excludeCredentials: list[dict[str, Any]]
    authenticatorSelection: dict[str, Any]
    attestation: str


class RequestOptions(TypedDict):
    """PublicKeyCredentialRequestOptionsJSON."""

    challenge: str
    rpId: str
    timeout: int
    userVerification: str
    allowCredentials: list[dict[str, Any]]
