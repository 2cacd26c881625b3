"""What others do with the same money on the same PostgreSQL."""
