"""Letters are composed so that nothing can be smuggled into them, and handed over wholly or not at all."""

import datetime as dt
import ssl
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from gateways.mail import Message, Sender, Unreachable, Unsendable, Unsent, composed
from gateways.outbox import Outbox
from gateways.smtp import Server, Smtp
from tests.support.mail_server import Letterbox, MailServer

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
SENDER = Sender("Numina <money@example.org>")


def message(**fields: Any) -> Message:
    fields = {
        "id": uuid4(),
        "at": NOON,
        "to": "ada@example.com",
        "subject": "Confirm",
        "text": "Hello,\n.\nhttps://example.org/#" + "x" * 300 + "\nünïcode\n",
        "html": "<p>Hello</p>",
    } | fields
    return Message(**fields)


def test_a_letter_is_text_and_html_under_an_id_of_its_own() -> None:
    sent = message()
    raw = composed(sent, SENDER).as_bytes()
    read = message_from_bytes(raw, policy=default)
    assert read["Message-ID"] == f"<{sent.id}@example.org>"
    assert read["From"] == "Numina <money@example.org>"
    assert read["To"] == "ada@example.com"
    assert read["Content-Language"] == "en"
    assert read["Auto-Submitted"] == "auto-generated"
    text, html = read.iter_parts()
    assert text.get_content().replace("\r\n", "\n") == sent.text
    assert html.get_content().strip() == sent.html
    assert composed(sent, SENDER).as_bytes() == raw
    assert raw.isascii()


@pytest.mark.parametrize(
    "to",
    [
        "ada@example.com\r\nBcc: eve@example.com",
        "ada@example.com\nBcc: eve@example.com",
        "ada@example.com\x85Bcc: eve@example.com",
        "ada@example.com\u2028Bcc: eve@example.com",
        "ada@example.com, eve@example.com",
        "ada@example.com;eve@example.com",
        "ada\r\n@example.com",
        "Ada <ada@example.com>",
        "ada@example.com>",
        "ada eve@example.com",
        '"ada"@example.com',
        "ada@eve@example.com",
        "@example.com",
        "ada",
        "ada@",
        "",
        "ada@" + "x" * 300 + ".com",
        "x" * 100_000,
        "ada@example.com\x00",
        "ada@exa\u200bmple.com",
        "undisclosed:ada@example.com;",
    ],
)
def test_what_is_not_one_address_is_written_to_nobody(to: str) -> None:
    with pytest.raises(Unsendable):
        composed(message(to=to), SENDER)


@pytest.mark.parametrize("subject", ["", "a\r\nBcc: eve@example.com", "a\nb", "a\u2029b", "a\x00", "x" * 201])
def test_what_is_not_one_line_is_no_subject(subject: str) -> None:
    with pytest.raises(Unsendable):
        composed(message(subject=subject), SENDER)


@given(to=st.text(max_size=80), subject=st.text(max_size=80))
def test_nothing_can_be_smuggled_into_the_headers(to: str, subject: str) -> None:
    try:
        raw = composed(message(to=to, subject=subject), SENDER).as_bytes()
    except Unsendable:
        return
    names = [
        line.split(b":")[0] for line in raw.split(b"\r\n\r\n")[0].split(b"\r\n") if line[:1] not in b" \t"
    ]
    assert sorted(set(names)) == sorted(names)
    assert b"Bcc" not in names
    assert len(message_from_bytes(raw, policy=default)["To"].addresses) == 1


def test_an_address_is_written_as_mail_servers_take_it() -> None:
    mail = composed(message(to="ada@BÜCHER.example"), SENDER)
    assert mail["To"] == "ada@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "text", ["", "nobody", "x@y@z", "A\r\nB <a@example.org>", "a@example.org, b@example.org"]
)
def test_a_sender_is_one_address(text: str) -> None:
    with pytest.raises(ValueError, match="letters cannot be sent"):
        Sender(text)
    assert Sender("money@example.org").address.addr_spec == "money@example.org"


def test_without_a_server_letters_are_files(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "outbox"
    outbox, sent = Outbox(folder, SENDER), message()
    for _ in range(2):
        outbox.send(sent)
    (file,) = folder.iterdir()
    assert file.name == f"20260301T120000Z-{sent.id}.eml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert message_from_bytes(file.read_bytes(), policy=default)["To"] == "ada@example.com"


def test_an_outbox_that_cannot_be_written_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file")
    with pytest.raises(Unreachable):
        Outbox(tmp_path / "outbox", SENDER).send(message())


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.org", Server("mail.example.org", 587, None, None, tls=False, required=False)),
        (
            "smtp://mail.example.org:25?starttls=required",
            Server("mail.example.org", 25, None, None, False, True),
        ),
        ("smtp://u:p%40ss@mail.example.org", Server("mail.example.org", 587, "u", "p@ss", False, True)),
        ("smtp://u:p@localhost:2525", Server("localhost", 2525, "u", "p", False, False)),
        ("smtps://u%40x:p@mail.example.org", Server("mail.example.org", 465, "u@x", "p", True, True)),
    ],
)
def test_a_server_is_named_by_a_url(url: str, server: Server) -> None:
    assert Server.of(url) == server


@pytest.mark.parametrize(
    "url",
    ["", "http://x", "smtp://", "smtp://x/y", "smtp://x?tls=no", "smtp://x?starttls=never", "smtp://x:99999"],
)
def test_what_names_no_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # in the words of whoever finds it
        Server.of(url)


@pytest.fixture
def box() -> Letterbox:
    return Letterbox()


def smtp(server: MailServer, **more: Any) -> Smtp:
    return Smtp(Server.of(f"smtp://127.0.0.1:{server.port}"), SENDER, **more)


def test_a_letter_arrives_as_it_was_composed(box: Letterbox) -> None:
    sent = message()
    with MailServer(box) as server:
        smtp(server).send(sent)
    (envelope,) = box.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("money@example.org", ["ada@example.com"])
    assert box.ids == [f"<{sent.id}@example.org>"]
    assert next(box.taken[0].iter_parts()).get_content().replace("\r\n", "\n") == sent.text


def test_an_address_that_is_not_ascii_needs_a_server_that_takes_it(box: Letterbox) -> None:
    with MailServer(box) as server:
        smtp(server).send(message(to="zoë@bücher.example"))
    assert box.envelopes[0].rcpt_tos == ["zoë@xn--bcher-kva.example"]
    with MailServer(box, utf8=False) as server, pytest.raises(Unsendable):
        smtp(server).send(message(to="zoë@bücher.example"))


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("550 5.1.1 <{address}> is unknown here", Unsendable),
        ("553 no", Unsendable),
        ("450 4.2.0 <{address}> is greylisted, come back in five minutes", Unsent),
        ("452 too much", Unsent),
        ("421 closing", Unreachable),
    ],
)
def test_an_answer_says_whether_to_come_back(box: Letterbox, answer: str, outcome: type[Exception]) -> None:
    box.answer = answer
    with MailServer(box) as server, pytest.raises(outcome) as met:
        smtp(server).send(message())
    assert type(met.value) is outcome
    assert "ada" not in str(met.value)
    assert met.value.__cause__ is None


def test_a_server_that_hangs_is_waited_for_as_long_as_was_said(box: Letterbox) -> None:
    box.hangs = True
    with MailServer(box) as server, pytest.raises(Unreachable):
        smtp(server, seconds=0.3).send(message())


def test_nobody_at_the_other_end_is_told(box: Letterbox) -> None:
    with MailServer(box) as server:
        gone = smtp(server)
    with pytest.raises(Unreachable):
        gone.send(message())


def test_a_wrong_password_says_nothing_about_the_letter(box: Letterbox) -> None:
    with MailServer(box, password="right") as server:
        for password in ("right", "wrong"):
            named = Server.of(f"smtp://u:{password}@127.0.0.1:{server.port}")
            if password == "wrong":
                with pytest.raises(Unreachable, match="does not let us in"):
                    Smtp(named, SENDER).send(message())
            else:
                Smtp(named, SENDER).send(message())
    assert len(box.taken) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "localhost.pem"
    plain = serialization.NoEncryption()
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file.write_bytes(key.private_bytes(pem, pkcs8, plain) + made.public_bytes(pem))
    return file


def contexts(certificate: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The server's, and that of a client that trusts it."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    return serving, ssl.create_default_context(cafile=str(certificate))


def test_tls_is_spoken_where_it_is_offered(box: Letterbox, certificate: Path) -> None:
    serving, trusting = contexts(certificate)
    with MailServer(box, starttls=serving) as server:
        url = f"smtp://localhost:{server.port}"
        Smtp(Server.of(url), SENDER, tls_context=trusting).send(message())
        Smtp(Server.of(f"{url}?starttls=required"), SENDER, tls_context=trusting).send(message())
        with pytest.raises(Unreachable):
            Smtp(Server.of(url), SENDER).send(message())
    assert box.encrypted == [True, True]


def test_tls_from_the_start(box: Letterbox, certificate: Path) -> None:
    serving, trusting = contexts(certificate)
    with MailServer(box, tls=serving) as server:
        named = Server.of(f"smtps://localhost:{server.port}")
        Smtp(named, SENDER, tls_context=trusting).send(message())
        with pytest.raises(Unreachable):
            Smtp(named, SENDER).send(message())
    assert len(box.taken) == 1


def test_a_server_without_tls_gets_no_letter_that_needs_it(box: Letterbox) -> None:
    with MailServer(box) as server, pytest.raises(Unreachable):
        Smtp(Server.of(f"smtp://127.0.0.1:{server.port}?starttls=required"), SENDER).send(message())
    assert box.taken == []
