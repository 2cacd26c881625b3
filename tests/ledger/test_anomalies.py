"""Failed sign-ins are noted on the person, and change nothing else of them."""

from ledger.anomalies.commands import NoteFailedSignIns, NoteNewDevice
from ledger.identity.commands import RegisterUser
from ledger.identity.user import User
from ledger.record import encode
from tests.support.scenario import Scenario


def test_failures_are_noted_with_their_number_and_place() -> None:
    book = Scenario()
    home = book.fresh()
    fields = {"email": "a@example.org", "password": "hash", "display_name": "A", "currency": "EUR"}
    book.do(RegisterUser, **fields, time_zone="UTC", book_id=home)
    before = book.ledger.state.entity(User, book.actor_id)
    text = {"address": "203.0.113.0/24"}
    failed = {"user_id": book.actor_id, "count": 10, "since": book.now, "text": text}
    [recorded] = book.do(NoteFailedSignIns, **failed, book_id=home).facts
    assert recorded.topic == "user.sign_ins_failed"
    assert recorded.stream_id == book.actor_id
    assert recorded.fact.text == text
    assert b'"count":10' in encode(recorded.fact)
    assert book.ledger.state.entity(User, book.actor_id) == before


def test_nothing_is_noted_of_somebody_who_is_not_there() -> None:
    book = Scenario()
    failed = {"user_id": book.fresh(), "count": 10, "since": book.now}
    assert not book.do(NoteFailedSignIns, **failed).facts


def test_a_new_device_is_noted_unless_both_were_seen() -> None:
    book = Scenario()
    home = book.fresh()
    fields = {"email": "a@example.org", "password": "hash", "display_name": "A", "currency": "EUR"}
    book.do(RegisterUser, **fields, time_zone="UTC", book_id=home)
    session_id, text = book.fresh(), {"device": "Firefox", "address": "203.0.113.0/24"}
    noted = {"session_id": session_id, "text": text, "book_id": home}
    for device_seen, network_seen in ((False, True), (True, False), (False, False)):
        [recorded] = book.do(NoteNewDevice, **noted, device_seen=device_seen, network_seen=network_seen).facts
        assert recorded.topic == "user.device_new"
        assert (recorded.fact.device_seen, recorded.fact.network_seen) == (device_seen, network_seen)
    assert not book.do(NoteNewDevice, **noted, device_seen=True, network_seen=True).facts
    stranger = noted | {"actor_id": book.fresh()}
    assert not book.do(NoteNewDevice, **stranger, device_seen=False, network_seen=False).facts
