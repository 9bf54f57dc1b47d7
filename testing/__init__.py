"""Real services and processes that tests, benchmarks and the deployment checks share. Not in the wheel."""
