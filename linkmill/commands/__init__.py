"""The commands: what each takes and prints, and the exit code that it ends with."""
