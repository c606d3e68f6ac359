"""`python -m tests.attack`: what a stranger can do to a running system, as a table."""
