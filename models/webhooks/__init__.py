"""Webhooks: the endpoints that are called, and each delivery to be sent."""
