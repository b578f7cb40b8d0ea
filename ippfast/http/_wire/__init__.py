"""HTTP as octets, sans-IO: heads, framing, bodies, and the sockets under them.

The rule of this room: nothing here knows a client from a server, or an operation from another.
"""
