"""Accounts and categories: what postings are put on."""
