"""What is stored, and every statement on it. This layer imports no other."""
