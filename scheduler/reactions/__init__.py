"""What is done in the world because of a fact."""
