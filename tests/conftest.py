"""The fixtures that every test may ask for.

The rule of this file: a fixture is defined beside what it provides, and only named here.
"""

from peers import eve_printer, scheduler, system_bus

__all__ = ["eve_printer", "scheduler", "system_bus"]
