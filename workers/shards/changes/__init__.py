"""What is done with the shards of jobs that change or delete links that exist."""
