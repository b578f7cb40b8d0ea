#!/bin/bash
# sanitize.sh COMMAND...: run a command with the compiled twin under AddressSanitizer and UBSan.
#
# The rule of this file: it builds every extension in build/sanitize, from the files that git knows as they are now, and
# anew only if a source has changed. What runs there stops at the first read or write outside an object's memory, at the
# first use of what was freed, and at what C leaves undefined. Objects come from malloc, and none is kept in a freelist,
# so that each has bounds and an end. Leaks are not looked for: the interpreter keeps much, and tests/codec/test_leaks.py
# counts what grows. It needs gcc with its libasan and libubsan, which come with Debian's gcc.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build/sanitize
git ls-files -z | tar --create --null --files-from=- | tar --extract --directory=build/sanitize
cd build/sanitize

sanitizers=-fsanitize=address,undefined
IPPFAST_BUILD_EXTENSION=1 IPPFAST_OPTIMIZE=-O1 make --no-print-directory VENV=.venv PACKAGE="--editable ." .venv/test \
    CFLAGS="$sanitizers -fno-sanitize-recover=all -fno-omit-frame-pointer -g1 -DCYTHON_USE_FREELISTS=0" LDFLAGS="$sanitizers"

export LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)"
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1
export PYTHONMALLOC=malloc IPPFAST_REQUIRE_EXTENSION=1
export PATH="$PWD/.venv/bin:$PATH"
exec "$@"
