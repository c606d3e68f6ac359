"""Moving an installation: the rows of all tables, from one database to another, whatever the stores are."""
