"""Feeds the readers of uploads with whatever makes them take another way: `make fuzz`."""
