"""Builds a small distribution of the name pycups, whose module ``cups`` is the shim: for what requires pycups by name.

The rule of this file: it is for the user's own machines and never published, for the name is another project's. Its
version is the release of pycups that the shim stands for, with ours as the local part: ``2.0.4+ippfast.0.1.0``.

    python tools/pycups_distribution.py [DIRECTORY]      (make pycups: into dist)
"""

import base64
import hashlib
import sys
import zipfile
from pathlib import Path

import ippfast
from ippfast.compat import pycups

__all__ = ["build"]

_METADATA = """Metadata-Version: 2.1
Name: pycups
Version: {version}
Summary: In the place of pycups: the module cups is ippfast.compat.pycups
Requires-Python: >=3.11
Requires-Dist: ippfast
"""
_WHEEL = """Wheel-Version: 1.0
Generator: pycups_distribution
Root-Is-Purelib: true
Tag: py3-none-any
"""
_MODULE = '''"""In the place of pycups: this module is ippfast.compat.pycups."""

import sys

from ippfast.compat import pycups

sys.modules[__name__] = pycups
'''


def build(directory: Path) -> Path:
    """Build the wheel into a directory (PEP 427); where it is."""
    version = f"{pycups.__version__}+ippfast.{ippfast.__version__}"
    home = f"pycups-{version}.dist-info"
    files = {"cups.py": _MODULE, f"{home}/METADATA": _METADATA.format(version=version), f"{home}/WHEEL": _WHEEL}
    record = [f"{name},{_hash(text)},{len(text.encode())}" for name, text in files.items()]
    files[f"{home}/RECORD"] = "\n".join([*record, f"{home}/RECORD,,", ""])
    wheel = directory / f"pycups-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return wheel


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "dist")
    target.mkdir(parents=True, exist_ok=True)
    print(build(target))
