"""The registry of vendors: one file each, named here."""

from collections.abc import Callable

from flask import Blueprint, Response

from models.accounts.keys import Owner
from web.vendors import awsys, awsys_sdk, dub, rebrandly, short_io, snipurl, url_shortify
from web.vendors.call import answer, guarded
from web.vendors.vendor import Vendor

VENDORS: tuple[Vendor, ...] = (
    *awsys.VENDORS,
    *awsys_sdk.VENDORS,
    *url_shortify.VENDORS,
    *rebrandly.VENDORS,
    *snipurl.VENDORS,
    *dub.VENDORS,
    *short_io.VENDORS,
)

blueprint = Blueprint("vendors", __name__)


def _view(sharing: list[Vendor]) -> Callable[[], Response]:
    """Answers as the vendor whose request it is; the last one of those that share a path takes what nobody wants."""
    return lambda: answer(next((vendor for vendor in sharing if vendor.speaks()), sharing[-1]))


def _read(vendor: Vendor, act: Callable[[Owner], Response]) -> Callable[[], Response]:
    return lambda: guarded(vendor, "read", act)


for path in dict.fromkeys(path for vendor in VENDORS for path in vendor.paths):
    sharing = [vendor for vendor in VENDORS if path in vendor.paths]
    blueprint.add_url_rule(
        path, "-".join(vendor.name for vendor in sharing) + path, _view(sharing), methods=sharing[0].methods
    )

for vendor in VENDORS:
    for path, act in vendor.reads.items():
        blueprint.add_url_rule(path, vendor.name + path, _read(vendor, act))
