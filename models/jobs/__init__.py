"""Jobs: their rows, shards, items and runs, from the upload to the end of their retention."""
