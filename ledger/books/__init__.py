"""Books: whose money it is, in which currency and time zone it is kept."""
