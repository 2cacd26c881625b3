"""What is unusual about somebody's sign-ins."""
