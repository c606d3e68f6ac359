"""Vendors: services whose bulk APIs Linkmill answers. One file each, with everything about it; this is the registry."""

from collections.abc import Callable
from importlib import import_module

from flask import Blueprint, Response

from models import settings
from models.accounts import plans
from models.errors import SettingsError
from web.vendors.call import answer_create, answer_read
from web.vendors.vendor import CreateCall, ReadCall, Vendor

MODULES = (
    "awsys",
    "awsys_sdk",
    "url_shortify",
    "rebrandly",
    "snipurl",
    "dub",
    "short_io",
)
# Imported by name, so that a new vendor is one line here.
VENDORS: tuple[Vendor, ...] = tuple(import_module(f"{__name__}.{module}").VENDOR for module in MODULES)
BATCH_LIMITS = {vendor.name: vendor.batch_limit for vendor in VENDORS}

VendorCalls = list[tuple[Vendor, CreateCall]]
"""Vendors that share a path, and what each does there."""

blueprint = Blueprint("vendors", __name__)


def calls_by_path() -> dict[str, VendorCalls]:
    calls: dict[str, VendorCalls] = {}
    for vendor in VENDORS:
        for call in vendor.calls:
            calls.setdefault(call.path, []).append((vendor, call))
    return calls


def check_plans() -> None:
    """Refuse a PLANS file that limits the batches of a vendor we do not have."""
    for plan in plans.table().values():
        unknown = sorted(set(plan.batch) - set(BATCH_LIMITS))
        if unknown:
            names = ", ".join(sorted(BATCH_LIMITS))
            problem = f"[{plan.name}.batch] has the unknown vendor {unknown[0]!r}; the vendors are {names}"
            raise SettingsError(f"PLANS={settings.get().plans!r}: expected a TOML file of plans: {problem}")


def _create_view(vendor_calls: VendorCalls) -> Callable[[], Response]:
    """Answer as the vendor that sent the request; the last vendor takes the requests of unknown clients."""

    def view() -> Response:
        for vendor, call in vendor_calls[:-1]:
            if vendor.sent_request():
                return answer_create(vendor, call)
        return answer_create(*vendor_calls[-1])

    return view


def _read_view(vendor: Vendor, call: ReadCall) -> Callable[[], Response]:
    return lambda: answer_read(vendor, call)


def _add_routes() -> None:
    for path, vendor_calls in calls_by_path().items():
        names = "-".join(vendor.name for vendor, _ in vendor_calls)
        methods = vendor_calls[0][1].methods
        blueprint.add_url_rule(path, names + path, _create_view(vendor_calls), methods=methods)
    for vendor in VENDORS:
        for call in vendor.reads:
            blueprint.add_url_rule(call.path, vendor.name + call.path, _read_view(vendor, call))


_add_routes()
