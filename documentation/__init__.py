"""Builds the documentation site from docs/ and checks it. Not part of the installed program."""
