#!/bin/sh
# Tests assemble-root.sh: runs the demo with kmstool-enclave and kmstool-instance each inside a root of its own.
#
#   containers/test-root.sh BIN
#
# BIN is the folder of the published programs. Needs root on Linux, for chroot and mounts. The mounts are made in a mount
# namespace of their own and end with it, so that removing the directory from outside it can reach nothing else.
set -eu

bin=$(cd "${1:?the folder of the published programs}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)

if [ $# -eq 1 ]; then
    dir=$(mktemp -d /tmp/kmstool-roots.XXXXXX)
    trap 'rm -rf "$dir"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    unshare --mount --propagation private -- "$0" "$bin" "$dir"
    exit
fi

dir=$2

fail() {
    printf 'test-root: %s\n' "$1" >&2
    exit 1
}

start_simulator() {
    "$bin/kmstool-simulator" run --dir "$dir/demo/simulator" >"$dir/simulator.log" 2>&1 &
    simulator=$!
    trap 'kill "$simulator"' EXIT
    tries=0
    until grep -q '^ready$' "$dir/simulator.log"; do
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || fail "the simulator did not start: $(cat "$dir/simulator.log")"
        sleep 0.1
    done
}

stop_simulator() {
    trap - EXIT
    kill "$simulator"
    wait "$simulator" || fail 'the simulator did not end well at SIGTERM'
}

# run_as_app COMMAND...: as the application of `kmstool-enclave run --user app` in $root.
run_as_app() {
    env -i AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=secret /usr/sbin/chroot "$root" /kmstool-enclave run --user app \
        --region us-east-1 --credentials environment --nsm "unix:$dir/demo/simulator/nsm.sock" --log-level error -- "$@"
}

mkdir "$dir/bin" "$dir/demo"
ln -s "$bin/kmstool-simulator" "$dir/bin/kmstool-simulator"
for name in kmstool-enclave kmstool-instance; do
    root=$dir/$name
    "$here/assemble-root.sh" "$bin/$name" "$root"
    [ ! -e "$root/bin" ] || fail "$name: the root has a /bin"
    [ "$(grep -c BEGIN "$root/etc/ssl/certs/ca-certificates.crt")" -eq 5 ] || fail "$name: the root has not the five root certificates"
    echo "$name: $(du -sk "$root" | cut -f 1) KiB in $(find "$root" -type f | wc -l) files"

    # What a container engine gives it, as little as possible, and the demo's sockets.
    touch "$root/dev/null" "$root/dev/urandom"
    mount --bind /dev/null "$root/dev/null"
    mount --bind /dev/urandom "$root/dev/urandom"
    mount --bind /proc "$root/proc"
    mkdir -p "$root$dir/demo"
    mount --bind "$dir/demo" "$root$dir/demo"

    for path in "/$name" "/$(echo "$name" | tr - _)" "$root"/kmstool_*_cli; do
        # Of the last, only where there is one.
        [ -e "$root/$(basename "$path")" ] || continue
        path=/$(basename "$path")
        version=$(env -i /usr/sbin/chroot "$root" "$path" --version) || fail "$path --version failed"
        expr "$version" : '[0-9]*\.[0-9]*\.[0-9]' >/dev/null || fail "$path --version printed '$version'"
        # The AWS sample's kmstool_enclave_cli prints its help on stderr and ends with 1, and so does the link of that name.
        expected=0
        case $path in *_cli) expected=1 ;; esac
        code=0
        help=$(env -i /usr/sbin/chroot "$root" "$path" --help 2>&1) || code=$?
        [ "$code" -eq "$expected" ] || fail "$path --help has exit code $code, not $expected"
        case $help in *Usage:*) ;; *) fail "$path --help shows no usage" ;; esac
    done

    if [ "$name" = kmstool-enclave ]; then
        # Exit code 4, for want of a Nitro Secure Module, tells that the program has read them by default before.
        code=0
        env -i /usr/sbin/chroot "$root" /kmstool-enclave serve --listen unix:/tmp/e.sock 2>/dev/null || code=$?
        [ "$code" -eq 4 ] || fail "$name: serve without a Nitro Secure Module has exit code $code, not 4"

        # An application of another user; the only program here is this one.
        start_simulator
        version=$(run_as_app /kmstool-enclave --version) || fail "run --user app: /kmstool-enclave --version failed"
        expr "$version" : '[0-9]*\.[0-9]*\.[0-9]' >/dev/null || fail "run --user app: /kmstool-enclave --version printed '$version'"
        code=0
        # Only root may change the user, so this application is not root; 2 is its exit code.
        error=$(run_as_app /kmstool-enclave run --user 1001 -- /kmstool-enclave 2>&1) || code=$?
        case $code$error in 2*--user*) ;; *) fail "run --user app: run --user 1001 in it has exit code $code: $error" ;; esac
        code=0
        run_as_app /no-such-program 2>/dev/null || code=$?
        [ "$code" -eq 127 ] || fail "run --user app of no program has exit code $code, not 127"
        echo "$name: run --user app"
        stop_simulator
    fi

    printf '#!/bin/sh\nexec /usr/sbin/chroot "%s" "/%s" "$@"\n' "$root" "$name" >"$dir/bin/$name"
    chmod +x "$dir/bin/$name"
done

TMPDIR=$dir/demo BIN=$dir/bin "$here/../scripts/demo.sh"
