"""For operators: health, metrics, API docs, commands, and preparation at start."""
