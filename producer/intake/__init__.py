"""From a request's bytes to batches of rows: storing, detecting, cutting and reading uploads."""
