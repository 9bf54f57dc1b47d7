"""Machines on which something is missing, full, closed or odd: each command works, or says in two lines what to do."""
