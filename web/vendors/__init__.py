"""Vendors: services whose bulk APIs Linkmill answers. One file each, with everything about it; this is the registry."""

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

from flask import Blueprint, Response, request

from models import settings
from models.accounts import plans
from models.errors import SettingsError
from web.vendors.call import answer_call
from web.vendors.vendor import Call, Vendor

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


class Route(NamedTuple):
    path: str
    method: str


VendorCalls = list[tuple[Vendor, Call]]
"""Vendors that share a path and method, and what each does there."""

blueprint = Blueprint("vendors", __name__)


def calls_by_route() -> dict[Route, VendorCalls]:
    """Return the calls of all vendors, except those on paths of our own API."""
    calls: dict[Route, VendorCalls] = {}
    for vendor in VENDORS:
        for call in _calls_on_own_paths(vendor):
            for method in call.methods:
                calls.setdefault(Route(call.path, method), []).append((vendor, call))
    return calls


def _calls_on_own_paths(vendor: Vendor) -> list[Call]:
    own_paths: list[Call] = list(vendor.calls)
    own_paths += [call for call in vendor.direct_calls if not call.is_native_path]
    return own_paths


def answer_on_native_path() -> Response | None:
    """Answer a vendor's client that asks for a path which our own API has too. A hook of the application."""
    for vendor, call in NATIVE_PATH_CALLS.get(Route(request.path, request.method), ()):
        if vendor.sent_request():
            return answer_call(vendor, call)
    return None


def check_plans() -> None:
    """Refuse a PLANS file that limits the batches of a vendor we do not have."""
    for plan in plans.table().values():
        unknown = sorted(set(plan.batch) - set(BATCH_LIMITS))
        if unknown:
            names = ", ".join(sorted(BATCH_LIMITS))
            problem = f"[{plan.name}.batch] has the unknown vendor {unknown[0]!r}; the vendors are {names}"
            raise SettingsError(f"PLANS={settings.get().plans!r}: expected a TOML file of plans: {problem}")


def _create_view(vendor_calls: VendorCalls) -> Callable[..., Response]:
    """Answer as the vendor that sent the request; the last vendor takes the requests of unknown clients."""

    def view(**path_values: str) -> Response:
        for vendor, call in vendor_calls[:-1]:
            if vendor.sent_request():
                return answer_call(vendor, call, **path_values)
        vendor, call = vendor_calls[-1]
        return answer_call(vendor, call, **path_values)

    return view


def _add_routes() -> None:
    for route, vendor_calls in calls_by_route().items():
        endpoint = f"{route.method.lower()} {route.path}".replace(".", "-")  # Flask allows no dot
        blueprint.add_url_rule(route.path, endpoint, _create_view(vendor_calls), methods=[route.method])


def _calls_on_native_paths() -> dict[Route, VendorCalls]:
    calls: dict[Route, VendorCalls] = {}
    for vendor in VENDORS:
        for call in vendor.direct_calls:
            if call.is_native_path:
                calls.setdefault(Route(call.path, call.methods[0]), []).append((vendor, call))
    return calls


NATIVE_PATH_CALLS = _calls_on_native_paths()
_add_routes()
