"""What an upload means: a loop that creates links one at a time and records each result. Plain and slow."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote_plus, unquote, urlencode, urlsplit, urlunsplit

import can_ada
from marshmallow import RAISE, Schema, ValidationError, fields

LARGEST = 2**31 - 1


def rule(test: Callable[[Any], bool]) -> Callable[[Any], None]:
    def validate(value: Any) -> None:
        if not test(value):
            raise ValidationError("RULE")

    return validate


def is_text(longest: int) -> Callable[[str], bool]:
    return lambda value: len(value) <= longest and "\0" not in value and value.isprintable() | is_utf8(value)


def is_utf8(value: str) -> bool:
    return not any(0xD800 <= ord(letter) <= 0xDFFF for letter in value)


def normal_url(value: str) -> str | None:
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in value.strip(" ")):
        return None
    try:
        url: str = can_ada.parse(value).href
    except (ValueError, TypeError):
        return None
    parts = urlsplit(url)
    good = parts.scheme in ("http", "https") and "@" not in parts.netloc and len(value.strip(" ")) <= 2048
    return url if good else None


def is_moment(value: str) -> bool:
    text = value.strip(" ")
    if not re.match(r"\d{4}-\d\d-\d\d(?!\d)", text, re.ASCII) or not re.fullmatch(r"[0-9TtZz:+., -]+", text):
        return False
    try:
        moment = datetime.fromisoformat(text.upper().replace(" Z", "Z").replace(",", "."))
        (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return False
    return True


def is_future(value: str) -> bool:
    moment = datetime.fromisoformat(value.strip(" ").upper().replace(" Z", "Z").replace(",", "."))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) > datetime.now(UTC)


def are_tags(value: list[Any]) -> bool:
    if not all(isinstance(tag, str) for tag in value):
        return False
    return len(value) <= 20 and all(0 < len(tag.strip(" ")) <= 50 and "\0" not in tag for tag in value)


def text(code: str, test: Callable[[str], bool]) -> fields.String:
    return fields.String(validate=rule(test), metadata={"code": code})


def is_wide_slug(value: str) -> bool:
    """Letters, digits, some signs and slashes, written plainly; `value` is in NFC."""
    segments = value.split("/")
    if not 0 < len(value) <= 190 or any(segment in ("", ".", "..") for segment in segments):
        return False
    if any(unicodedata.category(segment[0]).startswith("M") for segment in segments):
        return False
    if re.search("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]", value):
        return False
    return all(
        letter in "_-.~/" or unicodedata.category(letter) in ("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd")
        for letter in value
    )


def begins_with_a_route(slug: str, reserved: frozenset[str]) -> bool:
    first = slug.split("/")[0]
    if first in ("ads.txt", "app-ads.txt", "apple-app-site-association", "browserconfig.xml", "humans.txt"):
        return True
    return first in reserved or first.lstrip(".").split(".")[0] in reserved or first.endswith(".php")


def slug_in(short_url: str) -> str | None:
    """The slug in a whole short URL, which may lack its scheme; a text without a slash is a slug."""
    text = short_url.strip(" ")
    if not text.lower().startswith(("http://", "https://")):
        text = f"https://{text}" if "/" in text.split("?")[0].split("#")[0] else f"https://host/{text}"
    slug = unquote(re.split("[?#]", text)[0].split("/", 3)[3:][0]).strip("/") if text.count("/") > 2 else ""
    return None if not slug or any(ord(letter) < 32 or ord(letter) == 127 for letter in slug) else slug


def number(code: str, least: int = 1) -> fields.Integer:
    return fields.Integer(strict=True, validate=rule(lambda value: least <= value <= LARGEST), metadata={"code": code})


class Item(Schema):
    """The fields in the order in which their rules are applied, each with the code of a value that breaks its rule."""

    class Meta:
        unknown = RAISE

    url = text("INVALID_URL", lambda value: normal_url(value) is not None)
    slug = text("INVALID_SLUG", lambda value: bool(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", value.strip(" "))))
    short_url = text("INVALID_SLUG", lambda value: bool(slug_in(value)))
    domain = fields.String(metadata={"code": "UNKNOWN_DOMAIN"})
    title = text("INVALID_TITLE", is_text(500))
    password = text("INVALID_PASSWORD", is_text(128))
    expires_at = text("INVALID_EXPIRY", is_moment)
    ttl = number("INVALID_TTL")
    max_clicks = number("INVALID_MAX_CLICKS")
    tags = fields.List(fields.Raw(), validate=rule(are_tags), metadata={"code": "INVALID_TAGS"})
    group = fields.Raw(metadata={"code": "UNKNOWN_GROUP"})
    utm_source = text("INVALID_UTM", is_text(255))
    utm_medium = text("INVALID_UTM", is_text(255))
    utm_campaign = text("INVALID_UTM", is_text(255))
    utm_term = text("INVALID_UTM", is_text(255))
    utm_content = text("INVALID_UTM", is_text(255))
    created_at = text("INVALID_TYPE", lambda value: is_moment(value) and not is_future(value))
    clicks = number("INVALID_CLICKS", 0)
    disabled = fields.Raw(validate=rule(lambda value: isinstance(value, bool)), metadata={"code": "INVALID_TYPE"})
    comment = text("INVALID_COMMENT", is_text(500))
    custom_id = text("INVALID_CUSTOM_ID", lambda value: is_text(255)(value.strip(" ")))
    external_id = text("INVALID_EXTERNAL_ID", lambda value: is_text(255)(value.strip(" ")))


ONE_ITEM = Item()
CODES = {name: field.metadata["code"] for name, field in Item._declared_fields.items()}
ORDER = tuple(CODES)


@dataclass
class World:
    """What exists before an item and after it."""

    authority: str
    reserved: frozenset[str]
    groups: set[str] = field(default_factory=set)
    links: dict[tuple[str, str], str] = field(default_factory=dict)
    """Domain and slug to URL, of custom slugs."""
    external_ids: dict[str, str | None] = field(default_factory=dict)
    """External id to slug; None for an automatic one."""
    scheme: str = ""
    """What is added to URLs that begin with a hostname."""
    creates_groups: bool = False
    new_groups: set[str] = field(default_factory=set)
    """Names of groups that rows use, where rows create groups."""
    reuse: bool = False
    urls: set[tuple[str, str]] = field(default_factory=set)
    """Domains and URLs that have a link which other rows may share."""
    domain: str = ""
    """Where rows go that name no domain."""
    domains: frozenset[str] = frozenset()
    defaults: dict[str, Any] = field(default_factory=dict)
    wide_slugs: bool = False
    folding_domains: frozenset[str] = frozenset()
    """Domains on which the case of slugs does not matter."""
    room: int | None = None
    """How many more links the plan allows."""

    def spell(self, slug: str, domain: str) -> str:
        """A slug as its domain stores it."""
        text = unicodedata.normalize("NFC", slug.strip(" "))
        return unicodedata.normalize("NFC", text.casefold()) if domain in self.folding_domains else text


def create_all(items: list[dict[str, Any]], world: World) -> list[tuple[str, str | None]]:
    """The outcome of every item: created and its URL, existing, or failed and the code."""
    outcomes = []
    for index, item in enumerate(items):
        item = with_domain(item, world)
        outcomes.append(create(with_defaults(item, world.defaults, index), world))
    return outcomes


def with_domain(item: dict[str, Any], world: World) -> dict[str, Any]:
    """The item with the domain of its short URL, if it is one of ours and the item names none itself."""
    short_url = item.get("short_url")
    if not isinstance(short_url, str) or item.get("domain") not in (None, ""):
        return item
    match = re.match(r"(?:https?://)?([^/?#]+)(/|$)", short_url.strip(" "), re.IGNORECASE)
    is_bare = "/" not in re.split("[?#]", short_url)[0]
    if match and not is_bare and match[1].lower() in world.domains:
        return item | {"domain": match[1].lower()}
    return item


def with_defaults(item: dict[str, Any], defaults: dict[str, Any], index: int) -> dict[str, Any]:
    """The item with defaults for what it lacks. One that has a ttl or an expires_at lacks neither."""
    filled = dict(item)
    has_end = any(item.get(name) is not None for name in ("ttl", "expires_at"))
    has_slug = any(item.get(name) is not None for name in ("slug", "short_url"))
    for name, value in defaults.items():
        if has_slug and name in ("slug", "short_url"):
            continue
        if item.get(name) is None and not (has_end and name in ("ttl", "expires_at")):
            filled[name] = value.replace("{index}", str(index)) if name in ("slug", "title") else value
    return filled


def has_expired(values: dict[str, Any]) -> bool:
    return "expires_at" in values and not is_future(values["expires_at"])


def create(item: dict[str, Any], world: World) -> tuple[str, str | None]:
    values = {name: value for name, value in item.items() if value is not None and value != ""}
    if world.scheme and isinstance(values.get("url"), str):
        values["url"] = with_scheme(values["url"], world.scheme)
    errors = rule_errors(values)
    domain = domain_of(values) or world.domain
    if isinstance(values.get("short_url"), str):
        whole = values.pop("short_url")
        error = errors.pop("short_url", None)
        if "slug" not in values and error:
            errors["short_url"] = error
        elif "slug" not in values:
            values["slug"] = slug_in(whole)
            errors |= rule_errors({"slug": values["slug"]})
    if world.wide_slugs and isinstance(values.get("slug"), str):
        errors.pop("slug", None)
        composed = unicodedata.normalize("NFC", values["slug"].strip(" "))
        if not is_wide_slug(composed) or len(world.spell(composed, domain)) > 190:
            errors["slug"] = "INVALID_SLUG"
    external_id = values.get("external_id")
    name = external_id.strip(" ") if isinstance(external_id, str) and "external_id" not in errors else None
    if name and name in world.external_ids:
        return "existing", None
    code = first_problem(item, values, errors, world)
    if code:
        return "failed", code
    is_disabled = values.get("disabled") is True
    is_plain = not is_disabled and not values.keys() & {"slug", "password", "expires_at", "ttl", "max_clicks"}
    if world.reuse and is_plain and (domain, destination(values)) in world.urls:
        return "existing", None
    slug = world.spell(values["slug"], domain) if "slug" in values else None
    if slug and begins_with_a_route(slug, world.reserved):
        return "failed", "RESERVED_SLUG"
    if slug and (domain, slug) in world.links:
        return "failed", "SLUG_TAKEN"
    if world.room == 0:
        return "failed", "LIMIT_REACHED"
    if world.room:
        world.room -= 1
    url = destination(values)
    if slug:
        world.links[domain, slug] = url
    if world.creates_groups and "group" in values:
        world.new_groups.add(str(values["group"]).strip(" "))
    if name:
        world.external_ids[name] = slug
    if not is_disabled and not values.keys() & {"password", "max_clicks"} and not has_expired(values):
        world.urls.add((domain, url))
    return "created", url


def column_of_iso_dates(cells: list[str], order: str | None) -> list[str] | None:
    """The dates of a column as ISO 8601, as far as they have one format. None: the column may be read in two ways."""
    written = [match for match in map(DATE.fullmatch, cells) if match]
    if not written:
        return cells
    sign = written[0]["sign"]
    alike = [match for match in written if match["sign"] == sign]
    if order is None and sign == ".":
        order = "day-first"
    if order is None:
        proofs = {"day-first" for match in alike if int(match["first"]) > 12}
        proofs |= {"month-first" for match in alike if int(match["second"]) > 12}
        if len(proofs) != 1:
            return None
        order = proofs.pop()
    names = ("second", "first") if order == "day-first" else ("first", "second")
    read = []
    for cell in cells:
        match = DATE.fullmatch(cell)
        if match and match["sign"] == sign:
            month, day = (match[name].zfill(2) for name in names)
            cell = f"{match['year']}-{month}-{day}"
        read.append(cell)
    return read


DATE = re.compile(r" *(?P<first>\d\d?)(?P<sign>[./-])(?P<second>\d\d?)(?P=sign)(?P<year>\d{4}) *", re.ASCII)


def with_scheme(value: str, scheme: str) -> str:
    text = value.strip(" ").removeprefix("//")
    hostname, colon, port = re.split("[/?#]", text)[0].partition(":")
    first_labels, _, last_label = hostname.removesuffix(".").rpartition(".")
    has_port = not colon or port.isdecimal()
    if not first_labels or not last_label or last_label[0].isdecimal() or not has_port:
        return value
    if re.search(r"[\s@\\]", hostname):
        return value
    return f"{scheme}://{text}"


def rule_errors(values: dict[str, Any]) -> dict[str, str]:
    """The code of each field that breaks its rule, as marshmallow finds it."""
    errors: dict[str, str] = {}
    for name, value in values.items():
        if name not in ORDER:
            continue
        try:
            ONE_ITEM.load({name: value})
        except ValidationError as error:
            messages = error.normalized_messages()[name]  # type: ignore[no-untyped-call]
            errors[name] = CODES[name] if messages == ["RULE"] else "INVALID_TYPE"
        if (isinstance(value, bool) and name != "disabled") or (name == "group" and not isinstance(value, str | int)):
            errors[name] = "INVALID_TYPE"
    return errors


def first_problem(item: dict[str, Any], values: dict[str, Any], errors: dict[str, str], world: World) -> str | None:
    if set(item) - set(ORDER):
        return "UNKNOWN_FIELD"
    for name in ORDER:
        if name in errors:
            return errors[name]
        if name == "url" and "url" not in values:
            return "INVALID_URL"
    domain = domain_of(values)
    if domain and domain not in world.domains:
        return "UNKNOWN_DOMAIN"
    if str(can_ada.parse(values["url"]).host) in (world.authority, domain or world.domain):
        return "BLOCKED_URL"
    if "group" in values and not world.creates_groups and str(values["group"]).strip(" ") not in world.groups:
        return "UNKNOWN_GROUP"
    if "ttl" in values and "expires_at" in values:
        return "INVALID_TTL"
    return None


def domain_of(values: dict[str, Any]) -> str:
    """The domain that an item names, or an empty text."""
    domain = values.get("domain")
    return domain.strip(" ").removesuffix(".").lower() if isinstance(domain, str) else ""


def destination(values: dict[str, Any]) -> str:
    """The URL with its UTM fields, which replace parameters of the same names."""
    url = normal_url(values["url"])
    assert url is not None
    utm = {name: values[name] for name in ORDER if name.startswith("utm_") and name in values}
    if not utm:
        return url
    parts = urlsplit(url)
    own = [part for part in parts.query.split("&") if part and part.split("=")[0] not in utm]
    added = [f"{name}={quote_plus(value)}" for name, value in utm.items()]
    assert parse_qsl(urlencode(utm), keep_blank_values=True) == list(utm.items())
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "&".join(own + added), parts.fragment))
