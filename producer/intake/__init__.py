"""From a request's bytes to batches of rows: uploads are stored, detected, cut and read."""
