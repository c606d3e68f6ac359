"""The runner: starts what the Procfile names, keeps it alive and stops all of it."""
