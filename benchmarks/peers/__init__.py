"""The workers: one for each contender, all behind the protocol that benchmarks/workloads.py describes."""
