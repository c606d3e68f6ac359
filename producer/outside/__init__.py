"""Calls to addresses that users name: checked when given, checked again when called."""

from producer.outside.client import Answer, call, fetch
from producer.outside.guard import check

__all__ = ["Answer", "call", "check", "fetch"]
