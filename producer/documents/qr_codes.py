"""Draws QR codes of short URLs."""

from io import BytesIO

import segno

SVG_TYPE = "image/svg+xml"
PNG_TYPE = "image/png"
TRANSPARENT = "transparent"


def draw(text: str, kind: str, scale: int, border: int, dark: str, light: str, mask: int | None = None) -> bytes:
    """`kind`: svg or png. `mask`: one of the eight patterns; to find the one that looks best takes most of the time."""
    out = BytesIO()
    code = segno.make_qr(text, error="m", mask=mask)
    code.save(out, kind=kind, scale=scale, border=border, dark=_colour(dark), light=_colour(light))
    return out.getvalue()


def _colour(text: str) -> str | None:
    if text == TRANSPARENT:
        return None
    return "#" + text.removeprefix("#")
