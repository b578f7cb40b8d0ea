"""What the servers are made of: a session's order and time, and who is served.

The rule of this room: it decides, and the shells beside this room wait.
"""
