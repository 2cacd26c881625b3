"""An OpenID Connect provider on this machine that is strict about what it is sent, and lies when it is told to."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

CLIENT_ID, SECRET = "numina", "s3cret/with:signs"
RETURN_TO = "http://localhost:8000/signed-in"


class Issuer:
    """`people` by subject: the claims about them. `claims`, `metadata` and `answer` change what is told."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.keys = {"first": ec.generate_private_key(ec.SECP256R1())}
        self.kid = "first"
        self.algorithm = "ES256"
        self.people: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.behave()
        self._codes: dict[str, dict[str, str]] = {}

    def behave(self) -> None:
        """Tells the truth again."""
        self.claims: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
        self.metadata: dict[str, Any] = {}
        self.told_by_userinfo = False
        self.answer: Callable[[str], tuple[int, bytes] | None] = lambda path: None
        self.sign: Callable[[dict[str, Any]], str] = self._signed

    def person(self, email: str | None = None, **claims: Any) -> str:
        """Somebody with an account here, by their subject."""
        subject = uuid4().hex
        self.people[subject] = {"email": email, "email_verified": True, "name": "Ada", **claims}
        return subject

    def consent(self, url: str, subject: str) -> dict[str, str]:
        """What comes back to the page after the person agreed at `url`."""
        parts = urlsplit(url)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{self.url}/authorize"
        asked = {name: value for name, (value,) in parse_qs(parts.query, strict_parsing=True).items()}
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT_ID
        assert asked["redirect_uri"] == RETURN_TO
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = uuid4().hex
        self._codes[code] = asked | {"subject": subject}
        return {"code": code, "state": asked["state"], "iss": self.url}

    def get(self, path: str, bearer: str | None) -> tuple[int, bytes]:
        self.asked.append(path)
        if (lie := self.answer(path)) is not None:
            return lie
        match path:
            case "/.well-known/openid-configuration":
                endpoints = {
                    "authorization_endpoint": "/authorize",
                    "token_endpoint": "/token",
                    "userinfo_endpoint": "/userinfo",
                    "jwks_uri": "/jwks",
                }
                told = {"issuer": self.url} | {name: self.url + path for name, path in endpoints.items()}
                return 200, json.dumps(told | self.metadata).encode()
            case "/jwks":
                return 200, json.dumps({"keys": [self._public(kid) for kid in self.keys]}).encode()
            case "/userinfo" if bearer in self.people:
                return 200, json.dumps({"sub": bearer} | self.people[bearer]).encode()
            case _:
                return 404, b"{}"

    def post(self, path: str, form: dict[str, str], authorization: str) -> tuple[int, bytes]:
        """The token endpoint (RFC 6749, section 4.1.3; RFC 7636, section 4.6)."""
        self.asked.append(path)
        if (lie := self.answer(path)) is not None:
            return lie
        pair = "numina:s3cret%2Fwith%3Asigns"
        if authorization != f"Basic {base64.b64encode(pair.encode()).decode()}":
            return 401, b'{"error": "invalid_client"}'
        asked = self._codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if (
            asked is None
            or form["grant_type"] != "authorization_code"
            or form["redirect_uri"] != asked["redirect_uri"]
            or challenge.decode() != asked["code_challenge"]
        ):
            return 400, b'{"error": "invalid_grant"}'
        now = int(time.time())
        about = {} if self.told_by_userinfo else self.people[asked["subject"]]
        claims = {
            "iss": self.url,
            "sub": asked["subject"],
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "nonce": asked["nonce"],
            **about,
        }
        tokens = {"id_token": self.sign(self.claims(claims)), "access_token": asked["subject"]}
        return 200, json.dumps(tokens | {"token_type": "Bearer"}).encode()

    def rotate(self, kid: str) -> None:
        """Signs with a new key from now on."""
        self.kid = kid
        self.keys = {kid: ec.generate_private_key(ec.SECP256R1())}

    def _signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.keys[self.kid], self.algorithm, headers={"kid": self.kid})

    def _public(self, kid: str) -> dict[str, Any]:
        jwk = jwt.algorithms.ECAlgorithm.to_jwk(self.keys[kid].public_key(), as_dict=True)
        return {**jwk, "kid": kid, "use": "sig"}


@contextmanager
def issuing() -> Iterator[Issuer]:
    """A provider that listens until the context ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            scheme, _, token = self.headers.get("authorization", "").partition(" ")
            self._send(*issuer.get(self.path, token if scheme == "Bearer" else None))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: value for name, (value,) in parse_qs(body, keep_blank_values=True).items()}
            self._send(*issuer.post(self.path, form, self.headers.get("authorization", "")))

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            if status == 302:
                self.send_header("location", issuer.url + "/token")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
