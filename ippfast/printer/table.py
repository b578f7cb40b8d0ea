"""The table of operations: everything that a printer can be asked to do.

The rule of this file: a module registers its operations with `calls.operation`, and is named here.
"""

from . import document_operations, job_creation, job_operations, notifications, printer_operations, subscriptions
from .calls import OPERATIONS

__all__ = ["MODULES", "OPERATIONS"]

MODULES = (job_creation, job_operations, document_operations, printer_operations, subscriptions, notifications)
