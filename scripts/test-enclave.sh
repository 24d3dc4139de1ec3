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
# it in artifacts/enclave/lab. docs/testing-without-aws.md tells what this proves. All that it starts runs where the machine's own
# AF_VSOCK does not exist (tests/enclave/no-host-vsock.c). The last line is `N passed, N failed`.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
lab=$root/artifacts/enclave/lab
if [ "${KMSTOOL_UNDER_FILTER:-}" != yes ]; then
    case ${1:-} in
        '' | vsock | enclave) ;;
        *) echo "test-enclave.sh: unknown level '$1'; vsock or enclave, or none for both" >&2 && exit 2 ;;
    esac
    [ "$(uname -m)" = x86_64 ] || { echo 'test-enclave.sh: needs an x86-64 machine' >&2 && exit 1; }
    "$root/tests/enclave/prepare.sh" "$lab"
    KMSTOOL_UNDER_FILTER=yes exec "$lab/bin/no-host-vsock" "$0" "$@"
fi
# Those of the caller would change what is tested.
unset KMSTOOL_TEST_VSOCK KMSTOOL_VSOCK_BUFFER_SIZE

# shellcheck source=scripts/common.sh
. "$root/scripts/common.sh"
passed=0
failed=0

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
    exec "$lab/bin/qemu-system-x86_64" -L "$lab/firmware" -accel tcg -cpu max \
        -nodefaults -nographic -serial stdio -no-reboot "$@" <"${console:-/dev/null}"
}

# in_time SECONDS NAME PATTERN: waits until a line of the program's output matches. The pattern has to cover what is read of
# the line: a console writes its lines in pieces.
in_time() {
    tries=0
    until grep -q "$3" "$dir/$2.log"; do
        tries=$((tries + 1))
        if [ "$tries" -gt $(($1 * 10)) ]; then
            show_logs
            fail "$2: no $3 within $1 s"
        fi
        if ! kill -0 "$(cat "$dir/$2.pid")" 2>"$dir/kill" && ! grep -q "$3" "$dir/$2.log"; then
            show_logs
            fail "$2 ended without $3"
        fi
        sleep 0.1
    done
}

show_logs() {
    for file in "$dir"/*.log; do
        printf '\n-- %s\n' "$(basename "$file")" >&2
        tr -d '\r' <"$file" >&2
    done
}

# The time-stamp counter's frequency: tests/enclave/tsc-khz.c. The kernel's panic, as at the end of an init, ends QEMU.
kernel_options() {
    echo "console=ttyS0 quiet panic=-1 tsc_early_khz=$khz"
}

. "$root/tests/enclave/vsock-level.sh"
. "$root/tests/enclave/enclave-level.sh"

khz=$("$lab/bin/tsc-khz")

[ "${1:-}" = enclave ] || vsock_level
[ "${1:-}" = vsock ] || enclave_level

echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
