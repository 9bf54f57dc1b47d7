"""For which platforms and versions of Python all packages have wheels, so that nothing has to be compiled."""
