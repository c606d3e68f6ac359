"""Webhooks: the endpoints of workspaces, and the deliveries to them."""
