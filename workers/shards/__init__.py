"""What is done with a shard of each kind, and the steps they share."""
