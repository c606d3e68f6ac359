"""Links: their rows, lists, slugs and labels, and the queues and indexes kept beside them."""
