"""The licences of all packages that lookalike installs, and of what these packages contain."""
