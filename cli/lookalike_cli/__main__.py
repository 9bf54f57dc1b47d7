"""`python -m lookalike_cli`: the same as the `lookalike` command."""

from lookalike_cli.main import main

main()
