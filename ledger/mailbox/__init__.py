"""Where somebody's letters go: their address, the proof that it is theirs, and what they asked for by mail."""
