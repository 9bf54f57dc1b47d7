"""The fault suite: real processes and services, broken on purpose, and what must hold afterwards."""
