"""Addresses have one form under which they are held, and none is taken that is drawn like another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.mailbox.addresses import UnacceptableAddress, domain_of, normal
from ledger.mailbox.claims import email_claim, email_claims, typed_claim


@pytest.mark.parametrize(
    ("typed", "held"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        ("ada@example.com.", "ada@example.com"),
        ("ada+tag@example.com", "ada+tag@example.com"),
        ("ａｄａ＠example.com", "ada@example.com"),
        ("ada@ｅｘａｍｐｌｅ.com", "ada@example.com"),
        ("ﬁnn@example.com", "finn@example.com"),
        ("zoe\u0308@example.com", "zoë@example.com"),
        ("zoë@BÜCHER.example", "zoë@xn--bcher-kva.example"),
        ("zoë@xn--bcher-kva.example", "zoë@xn--bcher-kva.example"),
        ("STRASSE@example.com", "strasse@example.com"),
        ("straße@example.com", "strasse@example.com"),
        ("мария@почта.рф", "мария@xn--80a1acny.xn--p1ai"),
        ("роса@почта.рф", "роса@xn--80a1acny.xn--p1ai"),
        ("山田たろう@例え.jp", "山田たろう@xn--r8jz45g.jp"),
        ("ニューmail@example.jp", "ニューmail@example.jp"),
        ("王小明@example.cn", "王小明@example.cn"),
        ("김철수@example.kr", "김철수@example.kr"),
        ("o'brien@example.ie", "o'brien@example.ie"),
    ],
)
def test_an_address_has_one_form_however_it_is_typed(typed: str, held: str) -> None:
    assert normal(typed) == held
    assert normal(held) == held
    assert domain_of(typed) == held.partition("@")[2]


@pytest.mark.parametrize(
    "typed",
    [
        "pаypal@example.com",  # a Cyrillic а
        "ada@exаmple.com",
        "аррӏе@example.com",  # nothing but letters drawn like Latin ones
        "ada@аррӏе.com",
        "ada@xn--80ak6aa92e.com",  # the same, written for machines
        "οικο@example.com",
        "adaα@example.com",
        "ada\u200b@example.com",  # no width
        "ada\u00ad@example.com",  # a soft hyphen
        "ada\u202e@example.com",  # written backwards from here on
        "ada\u2028bcc@example.com",
        "ada\u0085bcc@example.com",
        "ada\r\nbcc:x@example.com",
        "ada bcc@example.com",
        "ada\u00a0bcc@example.com",
        '"ada"@example.com',
        "<ada>@example.com",
        "ada,bob@example.com",
        "ada@example.com,bob@example.com",
        "ada;bob@example.com",
        "ada(x)@example.com",
        "ada😀@example.com",
        ".ada@example.com",
        "ada.@example.com",
        "a..b@example.com",
        "@example.com",
        "ada@",
        "ada",
        "",
        "ada@[127.0.0.1]",
        "ada@-example.com",
        "ada@exa_mple.com",
        "ada@example..com",
        "ada@xn--a.com",
        "ada@bob@example.com",
        "ada@ex\u200bample.com",
        "é" * 40 + "@example.com",  # 80 bytes
        "a" * 65 + "@example.com",
        "a@" + "b" * 64 + ".com",
        "a@" + "b." * 130 + "com",
    ],
)
def test_what_is_no_address_or_looks_like_another_is_refused(typed: str) -> None:
    with pytest.raises(UnacceptableAddress):
        normal(typed)
    assert email_claim(typed) == typed_claim(typed)


@given(st.text(max_size=300))
def test_whatever_is_typed_is_refused_or_has_a_form_that_stays(typed: str) -> None:
    try:
        held = normal(typed)
    except UnacceptableAddress:
        return
    assert normal(held) == held
    assert held.count("@") == 1
    assert not any(c.isspace() or not c.isprintable() for c in held)


def test_who_registered_before_there_was_a_form_is_found_by_what_they_typed() -> None:
    assert email_claims("ADA@example.com") == (typed_claim("ada@example.com"),)
    decomposed = "zoe\u0308@example.com"
    assert email_claims(decomposed) == (email_claim("zoë@example.com"), typed_claim(decomposed))
