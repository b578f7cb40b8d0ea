#!/bin/bash
# fresh_machine.sh SUITE: the README's two commands on a machine that has nothing but what the README names.
#
# The rule of this file: it makes a new Debian of that suite (bookworm, trixie, sid) by debootstrap in build/machines,
# with the packages of the README and none of the programs that tests have as peers, and runs `make demo` and
# `make test` there on a clean clone of HEAD. It needs root, and leaves nothing mounted: the mounts stand in a
# namespace of their own.
set -euo pipefail
cd "$(dirname "$0")/.."
suite=$1
root=$PWD/build/machines/$suite
packages=python3,python3-venv,python3-dev,gcc,make,git,ca-certificates

if [ ! -e "$root/ready" ]; then
    rm -rf "$root"
    mkdir -p "$root"
    debootstrap --variant=minbase --include="$packages" "$suite" "$root" >"$root.log" 2>&1 || {
        tail -20 "$root.log"
        exit 1
    }
    touch "$root/ready"
fi

# What this machine knows of names, certificates and Python's packages, the new one is to know too.
for file in /etc/resolv.conf /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
    if [ -e "$file" ]; then cp --dereference "$file" "$root$file"; fi
done
printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts" # debootstrap leaves none

rm -rf "$root/root/ippfast"
git clone --quiet --no-hardlinks . "$root/root/ippfast"

export root
unshare --mount --pid --fork bash -c '
    set -euo pipefail
    mount --make-rprivate /
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount --rbind /sys "$root/sys"
    if [ -d /opt/pypi ]; then # packages that are at hand
        mkdir -p "$root/opt"
        mount --rbind /opt "$root/opt"
    fi
    exec chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
        ${PIP_CERT:+PIP_CERT="$PIP_CERT"} ${PIP_FIND_LINKS:+PIP_FIND_LINKS="$PIP_FIND_LINKS"} \
        PIP_DEFAULT_TIMEOUT=180 ${AGAIN:+AGAIN="$AGAIN"} "$@"' fresh_machine bash -euc '
    cd /root/ippfast
    echo "$(. /etc/os-release; echo "$PRETTY_NAME"), $(python3 -V)"
    make demo
    make test ARGUMENTS=--quiet'
