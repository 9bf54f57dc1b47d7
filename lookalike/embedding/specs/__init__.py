"""Model specs: what a model is, and how a name becomes one."""
