"""Many links at once: found by what rows call them, changed, deleted, and brought back."""
