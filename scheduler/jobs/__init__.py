"""What is done on the clock."""
