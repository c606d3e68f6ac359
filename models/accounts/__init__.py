"""Who owns what and how much: workspaces, keys, plans, quotas, domains, and the installation's secrets."""
