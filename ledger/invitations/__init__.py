"""Asking somebody by mail to share a book."""
