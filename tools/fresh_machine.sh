#!/bin/bash
# fresh_machine.sh SUITE [NAME PACKAGES COMMAND]: the README's two commands, or another, on a machine that has nothing
# but what the README names, and these packages.
#
# The rule of this file: it makes a new Debian of that suite (bookworm, trixie, sid) by debootstrap in build/machines,
# with the packages of the README and none of the programs that tests have as peers, and runs `make demo` and
# `make test` there on a clean clone of HEAD, or that command. It needs root, and leaves nothing mounted: the mounts
# stand in a namespace of their own.
set -euo pipefail
cd "$(dirname "$0")/.."
suite=$1
root=$PWD/build/machines/${2:-$suite}
packages=python3,python3-venv,python3-dev,gcc,make,git,ca-certificates${3:+,$3}
command=${4:-'make demo; make test ARGUMENTS=--quiet'}

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

if [ -n "${IPPFAST_CORPUS:-}" ]; then mkdir -p "$root/corpus"; fi

export root
unshare --mount --pid --fork --kill-child bash -c '
    set -euo pipefail
    mount --make-rprivate /
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount --rbind /sys "$root/sys"
    if [ -d /opt/pypi ]; then # packages that are at hand
        mkdir -p "$root/opt"
        mount --rbind /opt "$root/opt"
    fi
    if [ -n "${IPPFAST_CORPUS:-}" ]; then mount --bind "$IPPFAST_CORPUS" "$root/corpus"; fi
    exec chroot "$root" /usr/bin/env -i ${IPPFAST_CORPUS:+IPPFAST_CORPUS=/corpus} HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
        ${PIP_CERT:+PIP_CERT="$PIP_CERT"} ${PIP_FIND_LINKS:+PIP_FIND_LINKS="$PIP_FIND_LINKS"} \
        PIP_DEFAULT_TIMEOUT=180 ${AGAIN:+AGAIN="$AGAIN"} \
        ${PIP_NO_COMPILE:+PIP_NO_COMPILE="$PIP_NO_COMPILE"} ${IPPFAST_TRY:+IPPFAST_TRY="$IPPFAST_TRY"} "$@"' fresh_machine bash -euc '
    cd /root/ippfast
    echo "$(. /etc/os-release; echo "$PRETTY_NAME"), $(python3 -V)"
    eval "$1"' fresh_machine "$command"
