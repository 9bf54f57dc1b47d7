"""Benchmarks. Each compares its sides in one run and prints ratios with their spread; none passes or fails."""
