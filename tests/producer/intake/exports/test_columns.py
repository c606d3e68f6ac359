"""Which column of an export is which field, by the names and the values."""

import pytest

from producer.intake.detection import detect_layout
from producer.intake.layouts import CSV, Layout
from producer.intake.reading import read_batch


def layout_of(text: str, **mapping: str | None) -> Layout:
    return detect_layout(text.encode(), CSV, 100, mapping)


def short_url(text: str, **mapping: str | None) -> str | None:
    """The name of the column that gives the slugs."""
    return (layout_of(text, **mapping).mapped_columns() or {}).get("short_url")


@pytest.mark.parametrize("name", ["short_url", "Short link", "custom_bitlink", "Bitlink", "tiny_url", "shortUrl"])
def test_a_column_of_short_links_is_known_by_its_name(name: str) -> None:
    layout = layout_of(f"{name},long_url\nhttps://dub.sh/a,https://x.example/\n")
    assert layout.mapped_columns() == {"short_url": name, "url": "long_url"}
    assert layout.slugs_from == ["dub.sh"]
    assert (layout.description() or {})["slugs_from"] == ["dub.sh"]


def test_a_file_without_short_links_does_not_speak_of_them() -> None:
    layout = layout_of("url,slug\nhttps://x.example/,a\n")
    assert "slugs_from" not in (layout.description() or {})
    assert layout.slugs_from == []


def test_a_column_that_is_mapped_to_slug_may_hold_whole_links() -> None:
    text = "Our link,long_url\nhttps://go.acme.example/a,https://x.example/\nhttps://dub.sh/b,https://x.example/\n"
    layout = layout_of(text, slug="Our link")
    assert layout.mapped_columns() == {"short_url": "Our link", "url": "long_url"}
    assert layout.slugs_from == ["go.acme.example", "dub.sh"]


@pytest.mark.parametrize("cells", [("a", "b"), ("https://dub.sh/a", "b"), ("v1.x/a", "v2.y/b"), ("docs/a", "docs/b")])
def test_slugs_stay_slugs(cells: tuple[str, str]) -> None:
    rows = "".join(f"{cell},https://x.example/\n" for cell in cells)
    assert short_url(f"slug,long_url\n{rows}") is None


def test_a_column_of_slugs_is_used_beside_one_of_short_links() -> None:
    layout = layout_of("domain,shortCode,shortUrl,longUrl\ns.test,a,https://s.test/a,https://x.example/\n")
    assert layout.mapped_columns() == {"slug": "shortCode", "short_url": "shortUrl", "url": "longUrl"}


def test_the_old_domain_is_no_domain_of_ours_unless_the_client_says_so() -> None:
    text = "domain,shortUrl,longUrl\ns.test,https://s.test/a,https://x.example/\n"
    assert "domain" not in layout_of(text).mapping
    assert layout_of(text, domain="domain").mapping["domain"] == 0


def test_link_is_the_short_link_beside_a_long_url() -> None:
    text = "link,long_url\nhttps://bit.ly/a,https://x.example/1\nbit.ly/b,https://x.example/2\n"
    assert short_url(text) == "link"
    assert layout_of("link,title\nhttps://x.example/1,X\n").mapped_columns() == {"url": "link", "title": "title"}


@pytest.mark.parametrize("link", ["https://shop.example/products/1", "https://shop.example/?p=1", "none", ""])
def test_link_is_nothing_when_it_holds_no_short_links(link: str) -> None:
    assert short_url(f"link,long_url\n{link},https://x.example/\n") is None


def test_link_beside_a_column_that_is_called_url_is_not_looked_at() -> None:
    assert short_url("link,url\nhttps://bit.ly/a,https://x.example/\n") is None


def test_links_without_a_custom_one_keep_their_other_slug() -> None:
    rows = "https://bit.ly/a,go.acme.example/x,https://x.example/\nhttps://bit.ly/b,,https://x.example/\n"
    text = f"link,custom_bitlink,long_url\n{rows}"
    layout = layout_of(text)
    assert (layout.mapping["short_url"], layout.fallback) == (1, {"short_url": 0})
    assert layout.slugs_from == ["go.acme.example", "bit.ly"]
    for data in (rows, rows.replace("go.acme.example/x", '"go.acme.example/x"')):
        batch = read_batch(data.encode(), layout, 2, 0, 2)
        assert batch.columns["short_url"] == ["go.acme.example/x", "https://bit.ly/b"]


def test_what_the_client_says_is_not_looked_at_again() -> None:
    text = "link,custom_bitlink,long_url\nhttps://bit.ly/a,bit.ly/x,https://x.example/\n"
    assert layout_of(text, short_url="link").mapped_columns() == {"short_url": "link", "url": "long_url"}
    assert layout_of(text, short_url="link").fallback == {}
    assert layout_of(text, short_url="custom_bitlink").fallback == {"short_url": 0}
    assert short_url(text, short_url=None) is None


def test_the_two_dates_of_blink_are_one_expiry() -> None:
    layout = layout_of("Long URL,Auto-Delete Date,Auto-Archive Date\nhttps://x.example/,2031-01-01,\n")
    batch = read_batch(b"https://x.example/,2031-01-01,\nhttps://x.example/,2031-01-01,2030-01-01\n", layout, 2, 0, 2)
    assert batch.columns["expires_at"] == ["2031-01-01", "2030-01-01"]


@pytest.mark.parametrize(
    ("name", "field", "good", "bad"),
    [
        ("visits", "clicks", "12", "many"),
        ("timestamp", "created_at", "2020-01-02 03:04:05", "1577934245"),
        ("date", "created_at", "2020-01-02", "next spring"),
        ("banned", "disabled", "true", "no idea"),
        ("description", "title", "Spring sale", "x" * 501),
    ],
)
def test_a_name_that_may_mean_anything_counts_only_in_an_export_and_when_its_values_fit(
    name: str, field: str, good: str, bad: str
) -> None:
    assert field in layout_of(f"url,slug,{name}\nhttps://x.example/,a,{good}\n").mapping
    assert field not in layout_of(f"url,slug,{name}\nhttps://x.example/,a,{bad}\n").mapping
    assert field not in layout_of(f"url,{name}\nhttps://x.example/,{good}\n").mapping
    assert field in layout_of(f"url,{name}\nhttps://x.example/,{bad}\n", **{field: name}).mapping
    assert field in layout_of(f"url,{field}\nhttps://x.example/,{bad}\n").mapping


def test_a_column_that_only_says_which_links_have_a_password_is_no_password() -> None:
    text = "url,slug,password\nhttps://x.example/,a,false\nhttps://x.example/,b,true\n"
    assert "password" not in layout_of(text).mapping
    assert "password" in layout_of(text, password="password").mapping
    assert "password" in layout_of(text.replace("true", "secret")).mapping


def test_a_row_that_is_cut_off_is_not_looked_at_when_there_are_others() -> None:
    rows = "https://x.example/,https://dub.sh/a\n" * 60
    assert layout_of(f"long_url,Short link\n{rows}https://x.example/,htt").slugs_from == ["dub.sh"]
