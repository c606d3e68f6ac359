"""Vendors' own packages for Node.js, called against a running system."""
