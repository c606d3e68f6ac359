"""Hostnames of custom domains: one spelling, and nothing but a hostname."""

import pytest

from producer.fields.item_rules import InvalidValue
from producer.rules.hostnames import is_special_use, normalise


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("go.example.com", "go.example.com"), (" Go.Example.COM. ", "go.example.com"),
        ("bücher.example", "xn--bcher-kva.example"), ("XN--bcher-kva.example", "xn--bcher-kva.example"),
        ("a1.b2.example", "a1.b2.example"), ("ｅxample。com", "example.com"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
    ],
)  # fmt: skip
def test_a_hostname_has_one_spelling(given: str, kept: str) -> None:
    assert normalise(given) == kept == normalise(kept)


@pytest.mark.parametrize(
    "given",
    [
        "", ".", "..", "a", "localhost", "a..b", ".a.b", "-a.b", "a-.b", "a_b.example", "a b.example", "1.2.3.4",
        "0x7f.1",
        "2130706433", "[::1]", "::1", "a.b:80", "a.b:443", "a.b/", "a.b?", "a.b#", "u@a.b", "u:p@a.b", "http://a.b",
        "//a.b", "a.b\\", "a%2eb.example", "*.example.com", "\0.example", "a\n.example", "\ud800.example", "a.1",
        "a" * 64 + ".example", ".".join(["ab"] * 90), "xn--a.example", "а́" * 100 + ".example",
    ],
)  # fmt: skip
def test_an_invalid_hostname_is_refused(given: str) -> None:
    with pytest.raises(InvalidValue):
        normalise(given)


@pytest.mark.parametrize(
    "hostname",
    [
        "a.local",
        "go.test",
        "x.invalid",
        "x.localhost",
        "db.internal",
        "b.onion",
        "go.example",
        "go.example.com",
        "a.lan",
        "deep.below.go.test",
    ],
)
def test_a_special_use_name_is_nobodys(hostname: str) -> None:
    assert is_special_use(hostname)


@pytest.mark.parametrize("hostname", ["go.acme.com", "local.acme.com", "test.dev", "example.dev", "notexample.com"])
def test_other_names_can_be_somebodys(hostname: str) -> None:
    assert not is_special_use(hostname)
