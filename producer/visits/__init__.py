"""Visits to short links: what kind of visitor it was, and the clicks that this process has counted."""
