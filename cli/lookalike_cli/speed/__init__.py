"""Measures the ingest rate, its upper bound and the bottleneck. Prints nothing.

It stays beside the command because it drives the producer and uses temporary indexes of the evaluation: no other
package may import both.
"""
