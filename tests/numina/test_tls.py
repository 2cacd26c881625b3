"""`numina serve` with a certificate of one's own: HTTPS alone, and nothing older than TLS 1.2."""

import datetime as dt
import socket
import ssl
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.numina.serving import Service


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine, good for an hour, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return paths


@pytest.fixture
def certificate(folder: Path) -> tuple[Path, Path]:
    return self_signed(folder)


@pytest.fixture
def service(folder: Path, certificate: tuple[Path, Path]) -> Iterator[Service]:
    cert, key = map(str, certificate)
    running = Service(folder / "home", "--tls-cert", cert, "--tls-key", key)
    yield running
    if running.process.poll() is None:
        running.end()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_certificate_makes_the_service_speak_tls_alone(
    service: Service, certificate: tuple[Path, Path]
) -> None:
    url = service.url()
    assert url.startswith("https://127.0.0.1:")
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    answer = httpx2.get(f"{url}/health/ready", verify=trusting, timeout=30)
    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert "server" not in answer.headers
    # What the other end of the connection says of itself is not believed, not even on the loopback.
    said = {"x-forwarded-for": "203.0.113.9", "forwarded": "for=203.0.113.9", "x-forwarded-proto": "http"}
    with httpx2.Client(base_url=url, verify=trusting, headers=said, timeout=30) as client:
        whole = {"email": "a@example.com", "password": "Quizzical-Vexed-Lynx"}
        assert client.post("/v1/auth/register", json=whole).status_code == 201
        token = client.post("/v1/auth/login", json=whole).json()["access_token"]
        [session] = client.get("/v1/users/me/sessions", headers={"authorization": f"Bearer {token}"}).json()[
            "items"
        ]
        assert session["address"] == "127.0.0.0/24"
    port = urlsplit(url).port
    assert port is not None
    assert version(port, trusting) == "TLSv1.3"
    trusting.maximum_version = ssl.TLSVersion.TLSv1_2
    assert version(port, trusting) == "TLSv1.2"
    with pytest.raises(ssl.SSLError):
        version(port, outdated())
    with pytest.raises(httpx2.HTTPError):
        httpx2.get(f"http://127.0.0.1:{port}/health/live", timeout=30)


def version(port: int, context: ssl.SSLContext) -> str | None:
    with (
        socket.create_connection(("127.0.0.1", port), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as wrapped,
    ):
        return wrapped.version()


def outdated() -> ssl.SSLContext:
    """A client that speaks TLS 1.1 at most, and would take any cipher."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context
