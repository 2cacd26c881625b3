"""Whom a request is from: the socket tells, and beyond it only proxies that are trusted."""

from ipaddress import ip_network
from typing import Any

import pytest

from api.proxies import Proxies, ProxyHeader, household, region

TRUSTED = [ip_network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48")]


def scope(peer: str | None, *headers: tuple[str, str]) -> Any:
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return {"client": (peer, 5000) if peer is not None else None, "headers": encoded}


def client(peer: str, *values: str, header: ProxyHeader = "x-forwarded-for") -> str:
    return Proxies(TRUSTED, header).client(scope(peer, *((header, value) for value in values)))


def test_nobody_is_believed_by_default() -> None:
    told = [
        ("x-forwarded-for", "203.0.113.9"),
        ("forwarded", "for=203.0.113.9"),
        ("x-real-ip", "203.0.113.9"),
    ]
    assert Proxies().client(scope("127.0.0.1", *told)) == "127.0.0.1"
    assert Proxies().client(scope(None)) == ""


def test_only_a_trusted_proxy_is_believed() -> None:
    assert client("10.0.0.1", "203.0.113.9") == "203.0.113.9"
    assert client("192.0.2.1", "203.0.113.9") == "192.0.2.1"


def test_what_the_client_wrote_itself_is_not_believed() -> None:
    assert client("10.0.0.1", "198.51.100.1, 10.9.9.9, 203.0.113.9") == "203.0.113.9"
    assert client("10.0.0.1", "198.51.100.1", "203.0.113.9") == "203.0.113.9"
    assert client("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.7") == "203.0.113.9"
    assert client("10.0.0.1", "10.0.0.3, 10.0.0.7") == "10.0.0.3"


def test_the_other_header_is_not_looked_at() -> None:
    only = Proxies(TRUSTED, "forwarded")
    assert only.client(scope("10.0.0.1", ("x-forwarded-for", "198.51.100.1"))) == "10.0.0.1"
    plain = Proxies(TRUSTED)
    assert plain.client(scope("10.0.0.1", ("forwarded", "for=198.51.100.1"))) == "10.0.0.1"


@pytest.mark.parametrize(
    "value", ["", "unknown", "_hidden", "203.0.113.999", "<script>", ",,,", "\xff", "10.0.0.2, nonsense"]
)
def test_nonsense_names_nobody(value: str) -> None:
    assert client("10.0.0.1", value) == "10.0.0.1"


def test_a_long_header_costs_little() -> None:
    assert client("10.0.0.1", ", ".join(["10.0.0.2"] * 50_000)) == "10.0.0.2"


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("for=203.0.113.9", "203.0.113.9"),
        ('For="203.0.113.9:4711";proto=https;by=10.0.0.1', "203.0.113.9"),
        ('for="[2001:db8::17]:4711"', "2001:db8::17"),
        ("for=198.51.100.1, for=203.0.113.9", "203.0.113.9"),
        ("proto=https", "10.0.0.1"),
        ("for=unknown, proto=http", "10.0.0.1"),
    ],
)
def test_forwarded_is_read(value: str, address: str) -> None:
    assert client("10.0.0.1", value, header="forwarded") == address


def test_addresses_have_one_form() -> None:
    assert client("10.0.0.1", "203.0.113.9:5000") == "203.0.113.9"
    assert client("10.0.0.1", "[2001:DB8:0::1]:5000") == "2001:db8::1"
    assert client("::ffff:10.0.0.1", "203.0.113.9") == "203.0.113.9"
    assert client("2001:db8:ffff::1", "2001:db8:1::5") == "2001:db8:1::5"


def test_a_household_is_an_address_or_a_network_of_the_sixth_version() -> None:
    assert household("203.0.113.9") == household("::ffff:203.0.113.9") == "203.0.113.9"
    assert household("2001:db8:1:2::5") == household("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert household("2001:db8:1:3::5") != household("2001:db8:1:2::5")
    assert household("testclient") == "testclient"


def test_a_region_says_less_than_an_address() -> None:
    assert region("203.0.113.9") == "203.0.113.0/24"
    assert region("2001:db8:1:2::5") == "2001:db8:1::/48"
    assert region("fe80::1%eth0") == "fe80::/48"
    assert region("") == region("testclient") == ""
