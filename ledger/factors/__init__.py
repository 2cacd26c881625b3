"""Second factors beside the password: codes from an authenticator app (TOTP, RFC 6238), and recovery codes."""
