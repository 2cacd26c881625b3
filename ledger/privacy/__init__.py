"""What a person agreed to, and their right to be forgotten."""
