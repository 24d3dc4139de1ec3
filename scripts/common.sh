# What the scripts here share; they read it with `.`: a temporary directory, programs in the background that end with the
# script however it ends, and an environment without the caller's AWS configuration.
# shellcheck shell=sh

dir=$(mktemp -d "${TMPDIR:-/tmp}/$(basename "$0" .sh).XXXXXX")
pids=

fail() {
    printf '%s: %s\n' "$(basename "$0")" "$1" >&2
    exit 1
}

# quietly WHAT COMMAND...: its output only when it fails.
quietly() {
    what=$1
    shift
    "$@" >"$dir/quietly" 2>&1 || { cat "$dir/quietly" >&2; fail "failed: $what"; }
}

# launch NAME COMMAND...: runs it in the background; $dir/NAME.log has its output, $dir/NAME.pid its process id.
launch() {
    log="$dir/$1.log"
    launched=$1
    shift
    : >"$log"
    "$@" >"$log" 2>&1 &
    pids="$pids $!"
    echo "$!" >"$dir/$launched.pid"
}

# ended NAME: waits for its end and answers with its exit code. Its process id may be another's from now on.
ended() {
    ended=$(cat "$dir/$1.pid")
    others=
    for pid in $pids; do
        [ "$pid" = "$ended" ] || others="$others $pid"
    done
    pids=$others
    wait "$ended"
}

# start NAME PATTERN COMMAND...: launches it and waits until a line of its output matches PATTERN.
start() {
    name=$1 pattern=$2
    shift 2
    launch "$name" "$@"
    tries=0
    until grep -q "$pattern" "$log"; do
        tries=$((tries + 1))
        if [ "$tries" -gt 300 ] || ! kill -0 "$!" 2>"$dir/kill"; then
            cat "$log" >&2
            fail "did not start: $*"
        fi
        sleep 0.1
    done
}

# Sends SIGTERM to what was started, and SIGKILL to what does not end within 15 s. Fails if one ended before or badly.
stop_all() {
    stopped_well=yes
    for pid in $pids; do
        kill "$pid" 2>"$dir/kill" || stopped_well=no
    done
    for pid in $pids; do
        tries=0
        while kill -0 "$pid" 2>"$dir/kill" && [ "$tries" -lt 150 ]; do
            tries=$((tries + 1))
            sleep 0.1
        done
        kill -KILL "$pid" 2>"$dir/kill" || :
        wait "$pid" || stopped_well=no
    done
    pids=
    [ "$stopped_well" = yes ]
}

clean_up() {
    code=$?
    trap - EXIT HUP INT TERM
    stop_all || :
    rm -rf "$dir"
    exit "$code"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Nothing of the caller's AWS configuration, trust or proxies may take part.
clean_environment() {
    for name in $(env | sed -n 's/^\(AWS_[A-Za-z0-9_]*\)=.*/\1/p'); do
        unset "$name"
    done
    unset SSL_CERT_FILE SSL_CERT_DIR REGION ENDPOINT KMSTOOL_NSM KMSTOOL_VSOCK_BUFFER_SIZE
    unset KMSTOOL_ALLOW_KEY KMSTOOL_REQUIRE_ENCRYPTION_CONTEXT KMSTOOL_OPERATIONS KMSTOOL_REFUSE_DEBUG_MODE
    unset KMSTOOL_REFUSE_CLOCK_SKEW KMSTOOL_REFUSE_OTHER_RANDOM_SOURCE
    unset HTTP_PROXY HTTPS_PROXY ALL_PROXY http_proxy https_proxy all_proxy
    export HOME="$dir"
}

# Run a command with the exports of the simulator in $dir: with the administrator's keys, or without keys, so that
# programs take those of the instance's role from the metadata service.
as_administrator() (
    . "$dir/env.sh"
    "$@"
)

as_instance() (
    . "$dir/env.sh"
    unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
    "$@"
)
