"""What the export files of other services need beyond the names of their columns."""
