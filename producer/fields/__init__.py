"""The fields of an item: one entry a field, with its rule and the check that proves a whole column of it."""
