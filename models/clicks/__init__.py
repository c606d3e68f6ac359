"""Clicks: counts that workspaces read, and the uses of links with a click limit."""
