"""The HTTP face: thin routes that turn requests into commands and queries, and answers into JSON."""
