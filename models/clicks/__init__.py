"""Clicks: counted for everybody to read, and one by one for links that allow only so many."""
