"""Builds the compiled twin; everything else about the package is in pyproject.toml.

IPPFAST_BUILD_EXTENSION: 1 = it must compile, 0 = pure Python only, auto (the default) = compile where possible.
IPPFAST_PLAIN: 1 = rely on CPython's documented functions alone (`ippfast/_cpython.pxd`), 0 (the default) = be fast.

The rule of this file: a wheel has the whole compiled twin and the tag of its interpreter and platform, or nothing of it
and the tag py3-none-any.
"""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel

mode = os.environ.get("IPPFAST_BUILD_EXTENSION", "auto")
if mode not in ("0", "1", "auto"):
    sys.exit(f"IPPFAST_BUILD_EXTENSION is 0, 1 or auto, not {mode!r}")


class Wheel(bdist_wheel):
    """A wheel whose tag says what is in it."""

    def run(self):
        if self.distribution.ext_modules:
            command = self.get_finalized_command("build_ext")
            outputs = [Path(path) for path in command.get_outputs()]
            for path in outputs:  # what an earlier build left in build/ is not this one's
                path.unlink(missing_ok=True)
            self.run_command("build_ext")
            if not all(path.exists() for path in outputs):
                for path in outputs:
                    path.unlink(missing_ok=True)
                self.distribution.ext_modules = []
                self.root_is_pure = True
        super().run()


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
            Extension("ippfast._specs", ["ippfast/_specs.pyx"]),
            Extension("ippfast._plain", ["ippfast/_plain.pyx"]),
            Extension("ippfast._json", ["ippfast/_json.pyx"]),
            Extension("ippfast._glance", ["ippfast/_glance.pyx"]),
            Extension("ippfast.http._wire._chunks", ["ippfast/http/_wire/_chunks.pyx"]),
            Extension("ippfast.compat.ippserver._octets", ["ippfast/compat/ippserver/_octets.pyx"]),
            Extension("ippfast.arrow._export", ["ippfast/arrow/_export.pyx"]),
            Extension("ippfast.arrow._builder", ["ippfast/arrow/_builder.pyx"]),
            Extension("ippfast.raster._lines", ["ippfast/raster/_lines.pyx"]),
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
        if os.environ.get("IPPFAST_PLAIN", "0") not in ("", "0"):
            extension.define_macros += [("IPPFAST_PLAIN", "1"), ("CYTHON_USE_FREELISTS", "0")]
        if os.name == "posix":
            # CFLAGS may replace what the interpreter was built with, which may be -O2: encoding is then a sixth slower.
            extension.extra_compile_args.append("-O3")
        extension.optional = mode == "auto"  # cythonize() forgets it where it was given to Extension

setup(ext_modules=extensions, cmdclass={"bdist_wheel": Wheel})
