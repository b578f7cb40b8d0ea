"""Tables against decode and walk, and against tshark: ``python -m benchmarks.columns``."""
