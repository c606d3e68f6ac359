"""How vendors' clients send their key, as OpenAPI describes it."""

from typing import Any, NamedTuple


class SecurityScheme(NamedTuple):
    name: str
    """Its name among the components of /openapi.json."""
    definition: dict[str, Any]


BEARER_TOKEN = SecurityScheme("token", {"type": "http", "scheme": "bearer"})
