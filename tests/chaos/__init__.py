"""`python -m tests.chaos`: every fault again and again in the middle of large jobs, as a table."""
