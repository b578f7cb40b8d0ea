"""``python -m ippfast``: the same as the ``ippfast`` command."""

from ippfast.cli import main

if __name__ == "__main__":
    main()
