"""The settings of mail: a server, or a folder in the home, and mistakes that are told at once."""

from pathlib import Path

import pytest

from gateways.outbox import Outbox
from gateways.smtp import Smtp
from numina.mailing import MailError, mail
from numina.settings import Settings


def test_without_a_server_there_is_an_outbox_in_the_home(tmp_path: Path) -> None:
    assert isinstance(mail(Settings(home=tmp_path)), Outbox)


def test_a_server_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMINA_SMTP_URL", "smtps://u:secret@mail.example.org")
    monkeypatch.setenv("NUMINA_MAIL_FROM", "Numina <money@example.org>")
    settings = Settings()
    assert isinstance(mail(settings), Smtp)
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    "given",
    [
        {"smtp_url": "mail.example.org"},
        {"smtp_url": "smtp://u:secret@mail.example.org?starttls=never"},
        {"mail_from": "money"},
        {"mail_from": "a@example.org\r\nBcc: b@example.org"},
    ],
)
def test_a_mistake_is_told_without_the_password(given: dict[str, str]) -> None:
    with pytest.raises(MailError) as told:
        mail(Settings(**given))  # type: ignore[arg-type]  # texts that pydantic reads
    assert "secret" not in str(told.value)


def test_letters_come_from_the_domain_where_the_service_is_reached(tmp_path: Path) -> None:
    made = mail(Settings(home=tmp_path, public_url="https://money.example.org"))  # type: ignore[arg-type]  # text
    assert isinstance(made, Outbox)
    assert made._sender.address.addr_spec == "numina@money.example.org"
