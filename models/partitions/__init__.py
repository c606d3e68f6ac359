"""Partitions: large tables of PostgreSQL in parts, on installations that have switched them on."""
