"""What cannot be rebuilt, and how it changes shape: numbered SQL files, applied once, in order."""
