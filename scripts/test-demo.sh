#!/bin/sh
# Tests that the demo fails when a step goes wrong, and that it leaves nothing behind: runs it with published programs of
# which one is replaced by a script that misbehaves.
#
#   scripts/test-demo.sh BIN
set -eu

bin=$(cd "${1:?the folder of the published programs}" && pwd)
scripts=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=scripts/common.sh
. "$scripts/common.sh"

# fails_when WHAT PROGRAM REASON: the demo must fail, for that reason, when PROGRAM is the script on stdin, in which $real
# is the real one.
fails_when() {
    rm -rf "${dir:?}/bin" "$dir/demo"
    mkdir "$dir/bin" "$dir/demo"
    ln -s "$bin/kmstool-enclave" "$bin/kmstool-instance" "$bin/kmstool-simulator" "$dir/bin"
    rm "$dir/bin/$2"
    {
        printf '#!/bin/sh\nreal="%s"\n' "$bin/$2"
        cat
    } >"$dir/bin/$2"
    chmod +x "$dir/bin/$2"

    code=0
    BIN="$dir/bin" TMPDIR="$dir/demo" "$scripts/demo.sh" >"$dir/out" 2>&1 || code=$?
    [ "$code" -ne 0 ] || fail "$1: the demo succeeded: $(cat "$dir/out")"
    grep -q "$3" "$dir/out" || fail "$1: not for the reason '$3': $(cat "$dir/out")"
    [ -z "$(ls "$dir/demo")" ] || fail "$1: left $(ls "$dir/demo")"
    # Every long-running program has the demo's directory in its arguments.
    for arguments in /proc/[0-9]*/cmdline; do
        ! grep -qs "$dir/demo" "$arguments" || fail "$1: left the process $(tr '\0' ' ' <"$arguments")"
    done
    echo "ok: the demo fails when $1"
}

fails_when 'the enclave does not start' kmstool-enclave 'did not start' <<'SCRIPT'
echo 'no NSM' >&2
exit 4
SCRIPT

fails_when 'the instance has no role' kmstool-simulator 'no credentials' <<'SCRIPT'
if [ "$1" = run ]; then set -- "$@" --no-role; fi
exec "$real" "$@"
SCRIPT

fails_when 'the plaintext is another' kmstool-instance "decrypted 'Hello'" <<'SCRIPT'
if [ "$1" != vsock-proxy ]; then echo Hello; exit; fi
exec "$real" "$@"
SCRIPT

fails_when 'kmstool-instance fails' kmstool-instance 'Could not connect' <<'SCRIPT'
if [ "$1" = vsock-proxy ]; then exec "$real" "$@"; fi
exec "$real" --cid unix:/nonexistent/socket --timeout 5 AAAA
SCRIPT

fails_when 'the other enclave is admitted' kmstool-simulator 'exit code 0 in place of 1' <<'SCRIPT'
if [ "$1" = nsm ]; then set -- nsm --dir "$3" --pcr0 "$(printf '%s' "$5" | sed 's/decade/c0ffee/g')" --listen "$7"; fi
exec "$real" "$@"
SCRIPT

fails_when 'a program ends with an error' kmstool-enclave 'did not end well' <<'SCRIPT'
"$real" "$@" &
trap 'kill $!; wait $!; exit 3' TERM
wait $!
SCRIPT
