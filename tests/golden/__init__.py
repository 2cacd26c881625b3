"""A record that was written once and is never changed: every release must read it as the first one did."""
