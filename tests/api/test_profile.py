"""A person's profile: what it holds, how it changed, and their picture."""

import struct
import zlib
from collections.abc import Callable

import psycopg
import pytest
from starlette.testclient import TestClient

from tests.support.pictures import jpeg, png, webp
from tests.support.service import Person, refused


def test_a_profile_begins_with_nothing_said(ada: Person) -> None:
    profile = ada.get("/users/me").json()
    assert (profile["country"], profile["avatar"], profile["erasure_due_at"]) == (None, None, None)
    assert profile["notifications"]["security"] == ["mail", "push"]
    assert profile["notifications"]["product"] == []


def test_country_and_channels_are_changed_and_kept(ada: Person) -> None:
    changed = ada.patch("/users/me", {"country": "PT", "notifications": {"bills": ["sms"], "goals": []}})
    assert changed.status_code == 200, changed.text
    for profile in (changed.json(), ada.get("/users/me").json()):
        assert profile["country"] == "PT"
        assert profile["notifications"]["bills"] == ["sms"]
        assert profile["notifications"]["goals"] == []
        assert profile["notifications"]["reports"] == ["mail"], "what is left out stays"
    assert ada.patch("/users/me", {"name": "Ada L."}).json()["country"] == "PT", "what is left out stays"
    assert ada.patch("/users/me", {"country": None}).json()["country"] is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"country": "XX"}, "unknown_country"),
        ({"country": "UK"}, "unknown_country"),
        ({"country": "de"}, "invalid_request"),
        ({"notifications": {"security": ["push"]}}, "security_mail_stays"),
        ({"notifications": {"gossip": ["mail"]}}, "invalid_request"),
        ({"notifications": {"bills": ["pigeon"]}}, "invalid_request"),
        ({"role": "admin"}, "invalid_request"),
        ({"erasure_due_at": None}, "invalid_request"),
    ],
)
def test_what_makes_no_sense_is_refused(ada: Person, change: dict[str, object], code: str) -> None:
    version = ada.get("/users/me").json()["version"]
    refused(ada.patch("/users/me", change), 422, code)
    assert ada.get("/users/me").json()["version"] == version


def test_saying_the_same_again_records_nothing(ada: Person) -> None:
    change = {"country": "PT", "notifications": {"bills": ["sms"]}}
    version = ada.patch("/users/me", change).json()["version"]
    assert ada.patch("/users/me", change).json()["version"] == version


def test_the_history_tells_each_edit_with_before_and_after(ada: Person) -> None:
    ada.patch("/users/me", {"name": "Ada L.", "country": "PT"})
    items = ada.get("/users/me/history").json()["items"]
    assert [item["topic"] for item in items] == [
        "user.country_changed",
        "user.renamed",
        "user.registered",
    ]
    assert items[0]["before"] == {"country": None}
    assert items[0]["after"] == {"country": "PT"}
    assert items[1]["before"] == {"name": "Ada"}
    assert items[2]["before"] == {}
    first = ada.get("/users/me/history?limit=2")
    assert [item["version"] for item in first.json()["items"]] == [3, 2]
    rest = ada.get(f"/users/me/history?cursor={first.json()['next_cursor']}")
    assert [item["version"] for item in rest.json()["items"]] == [1]
    assert rest.json()["next_cursor"] is None


def test_the_history_never_tells_a_password(ada: Person) -> None:
    new = {"password": "another correct horse battery", "current_password": "correct horse battery staple"}
    assert ada.patch("/users/me", new).status_code == 200
    history = ada.get("/users/me/history")
    assert "user.password_changed" in history.text
    assert "argon2" not in history.text


@pytest.mark.parametrize(("made", "media"), [(png, "png"), (jpeg, "jpeg"), (webp, "webp")])
def test_a_picture_is_kept_without_what_a_camera_writes_beside_it(
    ada: Person, made: Callable[..., bytes], media: str
) -> None:
    raw = made(b"GPS 52.5200 13.4050")
    put = ada.put("/users/me/avatar", None, content=raw, headers={"content-type": "image/whatever"})
    assert put.status_code == 200, put.text
    assert put.json()["avatar"] == f"/v1/users/{ada.user_id}/avatar"
    shown = ada.get("/users/me/avatar")
    assert shown.headers["content-type"] == f"image/{media}"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in shown.headers["content-security-policy"]
    assert shown.content == made(None)
    assert b"GPS" not in shown.content


def test_a_picture_is_sealed_where_it_is_kept(ada: Person, api_database: str) -> None:
    for _ in range(2):
        ada.put("/users/me/avatar", None, content=png(None), headers={"content-type": "image/png"})
    with psycopg.connect(api_database) as connection:
        kept = connection.execute(
            "SELECT sealed FROM vault.images WHERE subject_id = %s", [ada.user_id]
        ).fetchall()
    assert len(kept) == 1, "the earlier one is gone"
    assert b"IHDR" not in kept[0][0]


def test_a_removed_picture_is_gone(ada: Person, api_database: str) -> None:
    refused(ada.delete("/users/me/avatar"), 404, "no_avatar")
    refused(ada.get("/users/me/avatar"), 404, "no_avatar")
    ada.put("/users/me/avatar", None, content=png(None), headers={"content-type": "image/png"})
    assert ada.delete("/users/me/avatar").status_code == 204
    refused(ada.get("/users/me/avatar"), 404, "no_avatar")
    assert ada.get("/users/me").json()["avatar"] is None
    with psycopg.connect(api_database) as connection:
        left = connection.execute("SELECT FROM vault.images WHERE subject_id = %s", [ada.user_id]).fetchall()
    assert left == []


def test_strangers_do_not_see_a_picture_and_cannot_tell_whether_there_is_one(
    ada: Person, bob: Person
) -> None:
    ada.put("/users/me/avatar", None, content=png(None), headers={"content-type": "image/png"})
    assert ada.get(f"/users/{ada.user_id}/avatar").status_code == 200
    has = refused(bob.get(f"/users/{ada.user_id}/avatar"), 404, "no_avatar")
    none = refused(bob.get(f"/users/{bob.user_id}/avatar"), 404, "no_avatar")
    nobody = refused(bob.get("/users/not-an-id/avatar"), 404, "no_avatar")
    assert has["title"] == none["title"] == nobody["title"]


def _polyglot() -> bytes:
    return png(None) + b"<script>alert(1)</script>"


def test_what_hides_behind_a_picture_is_left_out(ada: Person) -> None:
    ada.put("/users/me/avatar", None, content=_polyglot(), headers={"content-type": "image/png"})
    assert b"script" not in ada.get("/users/me/avatar").content


HUGE = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"", 422, "not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", 422, "not_a_picture"),
        (b"GIF89a" + bytes(100), 422, "not_a_picture"),
        (png(None)[:-9], 422, "not_a_picture"),
        (jpeg(None)[:-20], 422, "not_a_picture"),
        (webp(None)[:-2], 422, "not_a_picture"),
        (png(None).replace(b"IDAT", b"IDAX"), 422, "not_a_picture"),
        (b"\xff\xd8\xff" + b"\xff" * 200, 422, "not_a_picture"),
        (b"\x89PNG\r\n\x1a\n" + bytes(30), 422, "not_a_picture"),
        (b"RIFF\x04\0\0\0WEBP", 422, "not_a_picture"),
        (
            b"\x89PNG\r\n\x1a\n" + struct.pack(">I4s13sI", 13, b"IHDR", HUGE, zlib.crc32(b"IHDR" + HUGE)),
            422,
            "not_a_picture",
        ),
        (png(None) + bytes(256 * 1024), 413, "body_too_large"),
    ],
)
def test_what_is_no_picture_is_refused(ada: Person, raw: bytes, status: int, code: str) -> None:
    put = ada.put("/users/me/avatar", None, content=raw, headers={"content-type": "image/png"})
    refused(put, status, code)
    assert ada.get("/users/me").json()["avatar"] is None


def test_a_picture_that_says_it_is_something_else_is_refused(ada: Person) -> None:
    put = ada.put("/users/me/avatar", None, content=png(None), headers={"content-type": "text/html"})
    refused(put, 415, "unsupported_media_type")


def test_a_trial_keeps_nothing(ada: Person, client: TestClient, api_database: str) -> None:
    put = ada.put(
        "/users/me/avatar?dry_run=true", None, content=png(None), headers={"content-type": "image/png"}
    )
    assert put.status_code == 200
    with psycopg.connect(api_database) as connection:
        left = connection.execute("SELECT FROM vault.images WHERE subject_id = %s", [ada.user_id]).fetchall()
    assert left == []
