"""The read side: tables that can be dropped tonight and rebuilt to the same rows."""
