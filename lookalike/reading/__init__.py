"""Reads the bytes of references from where they lie: files, object stores, web hosts, archives."""
