"""What is stored about a visitor: a device, a country, a referring host."""

from collections.abc import Iterator
from pathlib import Path

import netaddr  # type: ignore[import-untyped]
import pytest
from mmdb_writer import MMDBWriter

from models import process_caches
from producer.visits import visitor
from producer.visits.visitor import VisitorKind

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148"
ANDROID = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/131.0.0.0 Mobile Safari/537.36"
ANDROID_TABLET = "Mozilla/5.0 (Linux; Android 15; SM-X910) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36"
IPAD = "Mozilla/5.0 (iPad; CPU OS 16_0 like Mac OS X) AppleWebKit/605.1.15 Version/16.0 Mobile/15E148 Safari/604.1"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.1 Safari/605.1.15"
LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"
CUBOT = "Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 20) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36"
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
MOBILE_BOT = f"{ANDROID} (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
SLACK = "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"
FACEBOOK = "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"
BING = "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    process_caches.reset_all()
    yield tmp_path
    process_caches.reset_all()


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (IPHONE, "mobile"), (ANDROID, "mobile"), (CUBOT, "mobile"), (ANDROID_TABLET, "tablet"), (IPAD, "tablet"),
        (WINDOWS, "desktop"), (MAC, "desktop"), (LINUX, "desktop"), (GOOGLEBOT, "bot"), (MOBILE_BOT, "bot"),
        (SLACK, "bot"), (FACEBOOK, "bot"), (BING, "bot"), ("curl/8.5.0", "other"), ("", "other"), ("\xff\0", "other"),
    ],
)  # fmt: skip
def test_the_class_of_a_device(agent: str, device: str) -> None:
    kind = visitor.classify(agent, "", "192.0.2.1")
    assert (kind.device, kind.bot) == (device, device == "bot")


BOTS = (
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "Slack-ImgProxy (+https://api.slack.com/robots)",
    "WhatsApp/2.24.9.78 A", "WhatsApp/2", "TelegramBot (like TwitterBot)", "Viber/13.3.0.5 CFNetwork/1126",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)", "Twitterbot/1.0", "redditbot/1.0",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)", "Applebot/0.1",
    "facebookexternalhit/1.1 Facebot Twitterbot/1.0", "meta-externalfetcher/1.1", "Pinterest/0.2 (+https://p.com/)",
    "facebookexternalhit/1.1;kakaotalk-scrap/1.0;", "Snap URL Preview Service; bot; snapchat",
    "Mozilla/5.0 (compatible; Bluesky Cardyb/1.1; +mailto:support@bsky.app)", "Mastodon/4.2.1 (+https://m.s/)",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", "Barracuda Sentinel",
    "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", "Mimecast URL Protection/1.0",
    "Proofpoint URL Defense", "Microsoft Office SafeLinks Protection", "Microsoft Defender for Office 365",
    "Microsoft Office Existence Discovery", "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36 BingPreview/1.0b",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/120.0 Safari/537.36", "GoogleMessages/20",
)  # fmt: skip


@pytest.mark.parametrize("agent", BOTS)
def test_what_shows_previews_and_scans_mail_is_a_bot(agent: str) -> None:
    assert visitor.device_of(agent) == "bot"


IN_APPS = (
    f"{IPHONE} [FBAN/FBIOS;FBAV/450.0]", f"{IPHONE} Instagram 300.0", f"{IPHONE} [Pinterest/iOS]",
    f"{ANDROID} Line/14.1", f"{ANDROID} Viber/20.0", f"{ANDROID} Snapchat/12.8", f"{ANDROID} KAKAOTALK 10.5",
    f"{WINDOWS} Teams/24.1 Electron/30.0", f"{MAC} Slack/4.39", f"{IPHONE} Outlook-iOS/4.2415.0",
    "python-httpx/0.28", "Go-http-client/1.1", "Wget/1.21",
)  # fmt: skip


@pytest.mark.parametrize("agent", IN_APPS)
def test_people_in_apps_and_programs_are_no_bots(agent: str) -> None:
    assert visitor.device_of(agent) != "bot"


@pytest.mark.parametrize(
    ("referrer", "host"),
    [
        ("https://News.Example.com/a?secret=1#x", "news.example.com"), ("http://user:pw@a.example:8080/", "a.example"),
        ("https://a.example./", "a.example"), ("android-app://com.google.android.gm/", "com.google.android.gm"),
        ("", ""), ("about:blank", ""), ("a.example", ""), ("http://localhost/", ""), ("http://192.168.1.7/", ""),
        ("http://[2001:db8::1]/", ""), ("http://[", ""), ("http://a b.example/", ""), ("http://<script>.example/", ""),
        ("https://" + "a." * 130 + "example/", ""), ("https://münchen.example/", ""), ("https://a..example/", ""),
        ("https://xn--mnchen-3ya.de/", "xn--mnchen-3ya.de"), ("http://\0.example/", ""),
    ],
)  # fmt: skip
def test_only_the_host_of_a_referrer_is_stored(referrer: str, host: str) -> None:
    assert visitor.classify("", referrer, "").referrer == host


def test_long_headers_are_cut_and_a_bounded_number_is_cached() -> None:
    for number in range(3 * visitor.CACHED_HEADERS):
        visitor.classify(f"{number} {'x' * 100_000}" if number < 3 else str(number), f"https://r{number}.example/", "")
    assert visitor.device_of.cache_info().currsize <= visitor.CACHED_HEADERS
    assert visitor.referrer_host.cache_info().currsize <= visitor.CACHED_HEADERS


def test_countries_come_from_a_file(folder: Path) -> None:
    writer = MMDBWriter(ip_version=6, database_type="GeoLite2-Country", ipv4_compatible=True)
    writer.insert_network(netaddr.IPSet(["198.51.100.0/24"]), {"country": {"iso_code": "DE"}})
    writer.insert_network(netaddr.IPSet(["2001:db8::/32"]), {"country": {"iso_code": "JP"}})
    writer.insert_network(netaddr.IPSet(["203.0.113.0/24"]), {"continent": {"code": "EU"}})
    writer.insert_network(netaddr.IPSet(["192.0.2.0/24"]), {"country": {"iso_code": "<b>"}})
    writer.to_db_file(str(folder / visitor.COUNTRIES_FILE))
    addresses = (
        "198.51.100.7",
        "2001:db8::7",
        "203.0.113.7",
        "192.0.2.7",
        "10.0.0.1",
        "",
        "no address",
        "::ffff:198.51.100.7",
    )
    assert [visitor.country_of(address) for address in addresses] == ["DE", "JP", "", "", "", "", "", "DE"]


def test_without_a_usable_file_there_is_no_country(folder: Path) -> None:
    assert visitor.classify(WINDOWS, "", "198.51.100.7") == VisitorKind(False, "desktop", "", "")
    (folder / visitor.COUNTRIES_FILE).write_bytes(b"no database at all")
    process_caches.reset_all()
    assert visitor.country_of("198.51.100.7") == ""
