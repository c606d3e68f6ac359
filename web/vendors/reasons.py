"""Why vendors' fields are ignored or refused, in the words that their files share."""

from web.vendors.vendor import Refusal

FOLDER = "A folder only sorts links in lists."
TRACKING = "A tracking script changes nothing about where the link leads."

NO_EXPIRED_URL = Refusal("An expired link of Linkmill leads nowhere.")
NO_FORWARDING = Refusal("Linkmill does not add a visitor's parameters to the destination.")
NO_FRAME = Refusal("Linkmill redirects. It does not show the destination in a frame.")
NO_PREVIEW = Refusal("Linkmill does not replace the preview of the destination.")
ONE_DESTINATION = Refusal("A link of Linkmill leads every visitor to the same URL.")
