"""What people may do beyond their own books: the operator's staff, and who is suspended."""
