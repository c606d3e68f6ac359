"""QR codes of short URLs."""

from io import BytesIO

import segno

SVG = "image/svg+xml"
PNG = "image/png"
NONE = "transparent"


def svg(text: str, scale: int, border: int, dark: str, light: str) -> bytes:
    return drawn(text, "svg", scale, border, dark, light)


def png(text: str, scale: int, border: int, dark: str, light: str) -> bytes:
    return drawn(text, "png", scale, border, dark, light)


def drawn(text: str, kind: str, scale: int, border: int, dark: str, light: str, mask: int | None = None) -> bytes:
    """With a mask that is given nobody has to look for the one that looks best, which takes most of the time."""
    out = BytesIO()
    code = segno.make_qr(text, error="m", mask=mask)
    code.save(out, kind=kind, scale=scale, border=border, dark=_colour(dark), light=_colour(light))
    return out.getvalue()


def _colour(text: str) -> str | None:
    return None if text == NONE else "#" + text.removeprefix("#")
