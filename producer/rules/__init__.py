"""Judging: whether the rows of a batch become links, with which defaults, and how an error is reported."""
