"""What people are written, and why."""
