"""Whole stories: the service as it is installed, real histories, and everything that goes wrong on the way."""
