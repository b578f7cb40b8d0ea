"""HTTP as octets: heads, framing and bodies, without I/O; and the sockets under them.

The rule of this package: it serves clients and servers alike, and treats all operations alike.
"""
