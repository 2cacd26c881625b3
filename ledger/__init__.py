"""The write side: what may happen to people's money, and what did."""
