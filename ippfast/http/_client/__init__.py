"""What the two clients are made of: decisions once, channels to wait by, and tasks over several requests.

The rule of this room: whatever decides is written once, and only a channel waits.
"""
