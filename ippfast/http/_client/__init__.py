"""The parts of both clients: decisions, channels, and tasks of several requests.

The rule of this package: whatever decides is written once, and only a channel waits.
"""
