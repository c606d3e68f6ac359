"""The runner of `make run`: starts what the Procfile names, keeps it alive, and stops all of it."""
