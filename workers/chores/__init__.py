"""Work beside the shards: webhooks, titles, click counts, and clearing after retention."""
