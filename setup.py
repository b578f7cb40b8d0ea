"""Builds the compiled twin; everything else about the package is in pyproject.toml.

IPPFAST_BUILD_EXTENSION: 1 = it must compile, 0 = pure Python only, auto (the default) = compile where possible.
IPPFAST_OPTIMIZE: how the compiler optimizes, -O3 by default; CI compiles with -O1 what it tests once more.
IPPFAST_PLAIN: 1 = rely on CPython's documented functions alone (`ippfast/_cpython.pxd`), and on no instructions of one
kind of processor (`ippfast/raster/_lines.pyx`), 0 (the default) = be fast.

The rule of this file: a wheel has the whole compiled twin and the tag of its interpreter and platform, or nothing of it
and the tag py3-none-any.
"""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

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


class BuildExtensions(build_ext):
    """Translates and compiles: only where modules are built, though an installer asks setup.py several questions."""

    def finalize_options(self):
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()

    def run(self):
        from Cython.Build import cythonize

        translated = cythonize(
            list(self.extensions),
            force=True,  # it does not know that _attribute_c.pxd belongs to _attribute.py
            compiler_directives={
                "language_level": 3,
                "annotation_typing": False,  # annotations are for readers and type checkers
                "auto_pickle": False,
                "freethreading_compatible": True,
            },
        )
        sources = {each.name: each.sources for each in translated}
        for extension in self.extensions:
            extension.sources = sources[extension.name]
        super().run()


def extension(path):
    """The compiled module of a file, or what gives a Python module its compiled form: ``ippfast/_message.py``."""
    name = path.removesuffix(".pyx").replace(".py", "_c").replace("/", ".")
    plain = os.environ.get("IPPFAST_PLAIN", "0") not in ("", "0")
    return Extension(
        name,
        [path],
        define_macros=[("IPPFAST_PLAIN", "1"), ("CYTHON_USE_FREELISTS", "0")] if plain else [],
        # CFLAGS may replace what the interpreter was built with, which may be -O2: encoding is then a sixth slower.
        extra_compile_args=os.environ.get("IPPFAST_OPTIMIZE", "-O3").split() if os.name == "posix" else [],
        optional=mode == "auto",
    )


MODULES = [
    "ippfast/_attribute.py",
    "ippfast/_message.py",
    "ippfast/_wire.pyx",
    "ippfast/_walk.pyx",
    "ippfast/_encode.pyx",
    "ippfast/_codec.pyx",
    "ippfast/_specs.pyx",
    "ippfast/_plain.pyx",
    "ippfast/_json.pyx",
    "ippfast/_glance.pyx",
    "ippfast/http/_wire/_chunks.pyx",
    "ippfast/compat/ippserver/_octets.pyx",
    "ippfast/arrow/_export.pyx",
    "ippfast/arrow/_builder.pyx",
    "ippfast/raster/_lines.pyx",
    "ippfast/compat/_loops.py",
]

compiled = mode == "1" or (mode == "auto" and sys.implementation.name == "cpython")
setup(
    ext_modules=[extension(path) for path in MODULES] if compiled else [],
    cmdclass={"bdist_wheel": Wheel, "build_ext": BuildExtensions},
)
