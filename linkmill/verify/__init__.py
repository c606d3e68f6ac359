"""`linkmill verify`: whether new short links lead where the old ones lead."""
