"""Runs the `lookalike` command: `python -m lookalike_cli`."""

from lookalike_cli.starting import main

main()
