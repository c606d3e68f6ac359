"""What is stored, and every statement on it. Imports nothing else of ours."""
