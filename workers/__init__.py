"""From an id to results: no SQL, no HTTP shapes."""
