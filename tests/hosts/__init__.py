"""`python -m tests.hosts`: one installation on several hosts, each a network namespace, whose links are cut in turn."""
