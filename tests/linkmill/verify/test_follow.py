"""Where a link leads: the first place outside its own host, asked for with as little as possible."""

import socket
from collections.abc import Iterator

import pytest

from linkmill.verify import follow
from linkmill.verify.follow import Follower, Place, parse_url
from tests.linkmill.verify.short_domain import LONG_BODY, Answer, ShortDomain, short_domain

SHOP = "https://shop.example/"


@pytest.fixture
def domain() -> Iterator[ShortDomain]:
    with short_domain() as domain:
        yield domain


@pytest.fixture(scope="module")
def follower() -> Follower:
    return Follower(timeout=5, allow_private=True)


def test_the_first_place_outside_the_short_domain_counts(domain: ShortDomain, follower: Follower) -> None:
    domain.links({"/a": "/b", "/b": f"{domain.url}/c", "/c": f"{SHOP}?from=c"})
    assert follower.follow(f"{domain.url}/a") == Place(f"{SHOP}?from=c", 302)
    assert [path for _, _, path in domain.requests] == ["/a", "/b", "/c"]


def test_that_place_itself_is_not_asked(domain: ShortDomain, follower: Follower) -> None:
    with short_domain("localhost") as shop:
        domain.links({"/a": f"{shop.url}/spring"})
        assert follower.follow(f"{domain.url}/a").url == f"{shop.url}/spring"
        assert shop.requests == []


def test_redirects_that_end_on_another_page_of_the_same_host_lead_there(
    domain: ShortDomain, follower: Follower
) -> None:
    domain.answers = {"/go/a": Answer(location="/landing"), "/landing": Answer(200)}
    assert follower.follow(f"{domain.url}/go/a") == Place(f"{domain.url}/landing", 200)


@pytest.mark.parametrize("status", [200, 401, 404, 410])
def test_a_link_without_a_redirect_leads_nowhere(domain: ShortDomain, follower: Follower, status: int) -> None:
    domain.answers["/a"] = Answer(status)
    assert follower.follow(f"{domain.url}/a") == Place(None, status)


def test_a_server_without_head_is_asked_with_get_and_its_body_is_left(domain: ShortDomain, follower: Follower) -> None:
    domain.answers["/a"] = Answer(301, SHOP, refuses_head=True)
    assert follower.follow(f"{domain.url}/a") == Place(SHOP, 301)
    assert [method for method, _, _ in domain.requests] == ["HEAD", "GET"]
    assert domain.body_bytes < LONG_BODY


def test_a_busy_server_is_asked_again(domain: ShortDomain, follower: Follower, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "BUSY_PAUSES", (0, 0, 0))
    domain.answers["/a"] = Answer(302, SHOP, busy=2)
    assert follower.follow(f"{domain.url}/a").url == SHOP
    domain.answers["/b"] = Answer(302, SHOP, busy=9)
    assert follower.follow(f"{domain.url}/b") == Place(None, 429)


def test_a_loop_ends(domain: ShortDomain, follower: Follower) -> None:
    domain.links({"/a": "/b", "/b": "/a"})
    assert follower.follow(f"{domain.url}/a") == Place(None, reason="more than 10 redirects")


def test_a_server_that_says_nothing_is_given_up(follower: Follower) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        impatient = Follower(timeout=0.2, allow_private=True)
        place = impatient.follow(f"http://127.0.0.1:{silent.getsockname()[1]}/a")
    assert place == Place(None, reason="no answer in time")


@pytest.mark.parametrize("link", ["ftp://a.example/b", "not a link", "", "http://", "javascript:alert(1)"])
def test_what_is_no_link_is_not_followed(follower: Follower, link: str) -> None:
    assert follower.follow(link).is_unknown


@pytest.mark.parametrize("location", ["ftp://a.example/", "http://[::1", "mailto:a@b.example"])
def test_a_redirect_to_what_is_no_link_has_a_reason(domain: ShortDomain, follower: Follower, location: str) -> None:
    domain.links({"/a": location})
    assert follower.follow(f"{domain.url}/a").reason


def test_private_addresses_are_refused(domain: ShortDomain) -> None:
    place = Follower(timeout=5).follow(f"{domain.url}/a")
    assert place.is_unknown
    assert "--allow-private" in place.reason
    assert domain.requests == []


def test_a_server_can_be_asked_in_place_of_the_links_own_host(domain: ShortDomain) -> None:
    domain.links({"/spring?x=1": SHOP})
    follower = Follower(timeout=5, allow_private=True, server=domain.url)
    assert follower.follow("https://go.unknown.example/spring?x=1").url == SHOP
    assert domain.requests == [("HEAD", "go.unknown.example", "/spring?x=1")]


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("https://a.example", "https://a.example/"),
        ("https://A.example/Path", "https://a.example/Path"),
        ("https://a.example:443/", "https://a.example/"),
        ("https://a.example/ä?b=ö", "https://a.example/%C3%A4?b=%C3%B6"),
        ("bücher.example/x", "https://xn--bcher-kva.example/x"),
        ("bit.ly/abc", "https://bit.ly/abc"),
    ],
)
def test_what_browsers_regard_as_one_address_is_one(text: str, other: str) -> None:
    assert str(parse_url(text)) == str(parse_url(other))


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("https://a.example/x", "https://a.example/x/"),
        ("https://a.example/X", "https://a.example/x"),
        ("https://a.example/x", "http://a.example/x"),
        ("https://a.example/?a=1&b=2", "https://a.example/?b=2&a=1"),
        ("https://a.example/a%2Fb", "https://a.example/a/b"),
        ("https://a.example/#a", "https://a.example/"),
    ],
)
def test_everything_else_makes_a_difference(text: str, other: str) -> None:
    assert str(parse_url(text)) != str(parse_url(other))
