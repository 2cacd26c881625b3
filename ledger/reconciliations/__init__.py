"""Statements reconciled with what a bank says."""
