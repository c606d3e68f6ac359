"""Messages between processes: wake-ups, waiting, watching, counting and throttling. Losing one loses no work."""
