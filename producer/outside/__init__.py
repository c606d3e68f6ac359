"""Calls to addresses that users name: checked when they are entered, and again when they are called."""

from producer.outside.client import Answer, call, fetch
from producer.outside.guard import check
from producer.outside.proofs import find_proof

__all__ = ["Answer", "call", "check", "fetch", "find_proof"]
