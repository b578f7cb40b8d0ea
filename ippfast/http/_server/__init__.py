"""The parts of all servers: sessions, and who is served.

The rule of this package: it decides; the shells (`server.py`, `async_server.py`, `asgi.py`) wait.
"""
