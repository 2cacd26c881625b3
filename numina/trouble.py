"""Trouble: what keeps a command from doing its work and a person can mend."""


class Trouble(RuntimeError):
    """The message says what is wrong and what to do; the command line shows it in one line, exit code 1."""
