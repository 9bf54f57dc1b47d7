"""Benchmarks. Each one compares several sides in one run and prints ratios with their spread. Nothing can fail."""
