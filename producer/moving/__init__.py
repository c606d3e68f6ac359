"""Moving an installation: copies, backups and restores of its database and its uploads."""
