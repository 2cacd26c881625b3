"""Transactions: balanced sets of postings, from hold to posting to void."""
