"""The fault suite: breaks real processes and services on purpose, and checks what must hold afterwards."""
