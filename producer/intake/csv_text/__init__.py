"""The text of a CSV file: where its records and cells are."""
