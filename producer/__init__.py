"""From an upload to a committed job and a message."""
