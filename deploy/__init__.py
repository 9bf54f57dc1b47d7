"""Builds and tests the container images. Other packages do not import this one."""
