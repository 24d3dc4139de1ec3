#!/bin/sh
# Boots real enclaves on this machine, without AWS, and runs KmsTool in them, under QEMU's software emulation:
#
#   vsock    the tests of everything that uses sockets, over AF_VSOCK, in a virtual machine with vsock_loopback
#   enclave  two enclave images in QEMU's nitro-enclave machine, with /dev/nsm, and a parent instance beside them
#
#   scripts/test-enclave.sh [vsock|enclave]                 builds the programs and runs both, or one
#   BIN=artifacts/bin/linux-x64 scripts/test-enclave.sh     runs published programs
#
# Needs x86-64, the .NET SDK and Debian 12 or later; installs what else it takes, as root (tests/enclave/prepare.sh), and keeps
# it in artifacts/enclave/lab. docs/testing-without-aws.md tells what this proves. No process here can open an AF_VSOCK
# socket of the machine's own. The last line is `N passed, N failed`.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/common.sh
. "$root/scripts/common.sh"
lab=$root/artifacts/enclave/lab
passed=0
failed=0

# quietly WHAT COMMAND...: its output only when it fails.
quietly() {
    what=$1
    shift
    "$@" >"$dir/quietly" 2>&1 || { cat "$dir/quietly" >&2; fail "failed: $what"; }
}

# check WHAT ACTUAL EXPECTED: counts.
check() {
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
        echo "ok: $1"
    else
        failed=$((failed + 1))
        echo "FAILED: $1: '$2' in place of '$3'"
    fi
}

# ramdisk ROOT FILE: the directory as the kernel takes it at boot; the same bytes for the same content.
ramdisk() {
    find "$1" -exec touch --no-dereference --date @0 {} +
    (cd "$1" && find . | LC_ALL=C sort | cpio --create --format=newc --owner=0:0 --reproducible --quiet) >"$2"
}

# Makes ROOT a machine that runs SCRIPT: guest_root ROOT SCRIPT MODULE...
guest_root() {
    guest=$1
    mkdir -p "$guest/bin" "$guest/modules"
    cp "$lab/bin/busybox" "$guest/bin"
    cp "$root/tests/enclave/guest-init" "$guest/init"
    cp "$2" "$guest/guest"
    shift 2
    for module in "$@"; do
        cp "$lab/modules/$module.ko" "$guest/modules"
    done
}

# qemu OPTION...: becomes the emulator; the guest's console is its output, and $console its input.
qemu() {
    exec "$lab/bin/no-host-vsock" "$lab/bin/qemu-system-x86_64" -L "$lab/firmware" -accel tcg -cpu max \
        -nodefaults -nographic -serial stdio -no-reboot "$@" <"${console:-/dev/null}"
}

# in_time SECONDS NAME PATTERN: waits until a line of the program's output matches.
in_time() {
    tries=0
    until grep -q "$3" "$dir/$2.log"; do
        tries=$((tries + 1))
        if [ "$tries" -gt $(($1 * 10)) ]; then
            tail -n 40 "$dir"/*.log >&2
            fail "$2: no $3 within $1 s"
        fi
        sleep 0.1
    done
}

# The time-stamp counter's frequency: tests/enclave/tsc-khz.c. The kernel's panic, as at the end of an init, ends QEMU.
kernel_options() {
    echo "console=ttyS0 quiet panic=-1 tsc_early_khz=$khz"
}

. "$root/tests/enclave/vsock-level.sh"
. "$root/tests/enclave/enclave-level.sh"

case ${1:-all} in
    all | vsock | enclave) level=${1:-all} ;;
    *) fail "unknown level '$1'; vsock or enclave, or none for both" ;;
esac
[ "$(uname -m)" = x86_64 ] || fail 'needs an x86-64 machine'
"$root/tests/enclave/prepare.sh" "$lab"
khz=$("$lab/bin/tsc-khz")

[ "$level" = enclave ] || vsock_level
[ "$level" = vsock ] || enclave_level

echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
