"""`python -m tests.proof`: the promises of docs/reliability.md under any mix of steps, and under races, as a table."""
