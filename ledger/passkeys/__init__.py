"""Passkeys: keys on people's own devices that prove who they are (Web Authentication, W3C)."""
