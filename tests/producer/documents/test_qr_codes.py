"""QR codes are drawn as SVG or PNG, in the colours that are asked for."""

import pytest

from producer.documents.qr_codes import draw

URL = "https://sho.rt/x"


@pytest.mark.parametrize(("kind", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_a_code_is_drawn_as_the_kind_of_image(kind: str, start: bytes) -> None:
    assert draw(URL, kind, 8, 4, "000", "fff").startswith(start)


def test_scale_and_border_make_it_larger() -> None:
    small = draw(URL, "svg", 1, 0, "000", "fff")
    large = draw(URL, "svg", 2, 4, "000", "fff")
    assert b'width="25"' in small
    assert b'width="66"' in large


@pytest.mark.parametrize("colour", ["1a2b3c", "#1a2b3c"])
def test_colours_may_have_a_hash_sign(colour: str) -> None:
    assert b"#1a2b3c" in draw(URL, "svg", 1, 0, colour, "fff")


def test_the_background_may_be_transparent() -> None:
    assert draw(URL, "svg", 1, 0, "000", "transparent").count(b"<path") == 1
    assert draw(URL, "svg", 1, 0, "000", "ff0").count(b"<path") == 2


def test_a_mask_changes_the_pattern_but_not_the_size() -> None:
    first, second = (draw(URL, "png", 1, 0, "000", "fff", mask=mask) for mask in (0, 4))
    assert first != second
