"""What makes an item valid: one rule a field, checks of whole columns, defaults, and what is said of a bad item."""
