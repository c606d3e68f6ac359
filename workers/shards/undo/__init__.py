"""Undo: what a job did to its links is taken back, one kind of items after the other."""
