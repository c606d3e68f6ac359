"""Accounts: workspaces, their keys, plans, quotas and domains, and the secrets of the installation."""
