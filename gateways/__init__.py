"""Everything that Numina relies on and does not own: the key vault, tokens, password hashing."""
