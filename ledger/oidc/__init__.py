"""Accounts that people have elsewhere, by which they sign in here (OpenID Connect Core 1.0)."""
