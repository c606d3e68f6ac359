"""Clients that send or read slowly: how many of them a process serves, and when it disconnects them."""
