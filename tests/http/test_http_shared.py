"""What the threads that use one client share.

The rule of this file: each test fails on a CPython without its lock if what it asks is not kept together.
"""

import threading

from ippfast.http import Client
from ippfast.issues import Issue, Severity


def test_issues_are_told_while_others_are_noted() -> None:
    with Client("ipp://localhost/ipp/print") as client:
        core, errors = client._core, []
        ended = threading.Event()

        def look() -> None:
            try:
                while not ended.is_set():
                    len(client.issues)
            except RuntimeError as error:
                errors.append(error)

        reader = threading.Thread(target=look)
        reader.start()
        for _ in range(100):
            core._issues.clear()
            core.note([Issue(Severity.WARNING, "x", str(number), "RFC 8011 section 5.1.4") for number in range(500)])
        ended.set()
        reader.join()
        assert errors == []
