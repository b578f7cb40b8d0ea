"""Builds the compiled twin; everything else about the package is in pyproject.toml.

IPPFAST_BUILD_EXTENSION: 1 = it must compile, 0 = pure Python only, auto (the default) = compile where possible.
"""

import os
import sys

from setuptools import Extension, setup

mode = os.environ.get("IPPFAST_BUILD_EXTENSION", "auto")
if mode not in ("0", "1", "auto"):
    sys.exit(f"IPPFAST_BUILD_EXTENSION is 0, 1 or auto, not {mode!r}")

extensions = []
if mode == "1" or (mode == "auto" and sys.implementation.name == "cpython"):
    from Cython.Build import cythonize

    extensions = cythonize(
        [
            Extension("ippfast._attribute_c", ["ippfast/_attribute.py"]),
            Extension("ippfast._message_c", ["ippfast/_message.py"]),
            Extension("ippfast._wire", ["ippfast/_wire.pyx"]),
            Extension("ippfast._walk", ["ippfast/_walk.pyx"]),
            Extension("ippfast._encode", ["ippfast/_encode.pyx"]),
            Extension("ippfast._codec", ["ippfast/_codec.pyx"]),
            Extension("ippfast._chunks", ["ippfast/_chunks.pyx"]),
            Extension("ippfast._octets", ["ippfast/_octets.pyx"]),
            Extension("ippfast.compat._loops_c", ["ippfast/compat/_loops.py"]),
        ],
        force=True,  # it does not know that _attribute_c.pxd belongs to _attribute.py
        compiler_directives={
            "language_level": 3,
            "annotation_typing": False,  # annotations are for readers and type checkers
            "auto_pickle": False,
            "freethreading_compatible": True,
        },
    )
    for extension in extensions:
        if os.name == "posix":
            # CFLAGS may replace what the interpreter was built with, which may be -O2: encoding is then a sixth slower.
            extension.extra_compile_args.append("-O3")
        extension.optional = mode == "auto"  # cythonize() forgets it where it was given to Extension

setup(ext_modules=extensions)
