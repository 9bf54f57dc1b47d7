"""The version of this program."""

RELEASE = "0.1.0"
