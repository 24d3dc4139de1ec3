#!/bin/sh
# The main job on one machine, without AWS: a ciphertext that only one enclave image can decrypt.
#
#   scripts/demo.sh                              builds the programs and runs them
#   BIN=artifacts/bin/linux-x64 scripts/demo.sh  runs published programs
#
# Needs the .NET SDK (published programs: nothing) and a POSIX shell with its usual tools.
# Exit code: 0 when every step went as it should; otherwise 1, and what went wrong stands on stderr.
set -eu

message='Hello, KMS!'
region=us-east-1
# PCR0, the measurement of an enclave image: of the one that the key admits, and of another. 96 digits each.
image=$(printf 'c0ffee%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
other_image=$(printf 'decade%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)

root=$(cd "$(dirname "$0")/.." && pwd)
started=$(date +%s)
pids=
step=0
# Short, because the path of a Unix socket may have about 100 characters.
dir=$(mktemp -d /tmp/kmstool-demo.XXXXXX)

say() {
    step=$((step + 1))
    printf '%2d. %s\n' "$step" "$1"
}

fail() {
    printf 'demo: %s\n' "$1" >&2
    exit 1
}

# Sends SIGTERM to what runs, and SIGKILL to what does not end within 15 s.
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

# start NAME PATTERN COMMAND...: runs it in the background until a line of its output matches PATTERN.
start() {
    log="$dir/$1.log"
    pattern=$2
    shift 2
    "$@" >"$log" 2>&1 &
    pids="$pids $!"
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

# The three programs; a program's process is the shell's own child, so that it can be stopped by its id.
if [ -n "${BIN:-}" ]; then
    bin=$(cd "$BIN" && pwd)
    enclave=$bin/kmstool-enclave instance=$bin/kmstool-instance simulator=$bin/kmstool-simulator
    run=
else
    say 'Build kmstool-enclave, kmstool-instance and kmstool-simulator'
    dotnet build "$root/KmsTool.Programs.slnf" --configuration Release --verbosity quiet --nologo >"$dir/build.log" 2>&1 ||
        { cat "$dir/build.log" >&2; fail 'the build failed'; }
    output=bin/Release/net10.0
    enclave=$root/KmsTool.Enclave/$output/kmstool-enclave.dll
    instance=$root/KmsTool.Instance/$output/kmstool-instance.dll
    simulator=$root/KmsTool.Simulator/$output/kmstool-simulator.dll
    run=dotnet
fi

# Nothing of the caller's AWS configuration, trust or proxies may take part.
for name in $(env | sed -n 's/^\(AWS_[A-Za-z0-9_]*\)=.*/\1/p'); do
    unset "$name"
done
unset SSL_CERT_FILE SSL_CERT_DIR REGION ENDPOINT KMSTOOL_NSM
unset HTTP_PROXY HTTPS_PROXY ALL_PROXY http_proxy https_proxy all_proxy
export HOME="$dir"

as_administrator() (
    . "$dir/env.sh"
    "$@"
)

# Without keys in the environment, programs take those of the instance's role from the metadata service.
as_instance() (
    . "$dir/env.sh"
    unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
    "$@"
)

start_enclave() {
    start "$1" '^ready ' $run "$enclave" serve --nsm "$2" \
        --listen "unix:$dir/$1.sock" --proxy "unix:$dir/proxy.sock" --ca-bundle "$dir/ca.pem"
}

# decrypt_in NAME: what a user types on the parent instance, with a socket in place of a CID.
decrypt_in() {
    as_instance $run "$instance" --cid "unix:$dir/$1.sock" --region $region --timeout 30 "$ciphertext"
}

# refused COMMAND...: it must exit with code 1, say AccessDeniedException and print nothing else.
refused() {
    code=0
    "$@" >"$dir/out" 2>"$dir/err" || code=$?
    [ "$code" -eq 1 ] || fail "exit code $code in place of 1: $(cat "$dir/err")"
    [ ! -s "$dir/out" ] || fail 'the refused call printed a result'
    grep -q AccessDeniedException "$dir/err" || fail "not refused with AccessDeniedException: $(cat "$dir/err")"
}

start simulator '^ready$' $run "$simulator" run --dir "$dir" --region $region --pcr0 "$image"
kms=$(. "$dir/env.sh" && echo "$AWS_ENDPOINT_URL_KMS")
say "AWS, simulated: KMS at $kms, IMDSv2, Nitro Secure Module"

start proxy 'listening on' $run "$instance" vsock-proxy "unix:$dir/proxy.sock" 127.0.0.1 "${kms##*:}"
say 'Parent instance: kmstool-instance vsock-proxy relays the TLS of the enclaves to KMS'

start_enclave enclave "unix:$dir/nsm.sock"
say "Enclave: kmstool-enclave runs; PCR0 is c0ffee…"

cat >"$dir/policy.json" <<POLICY
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Enable decrypt from enclave",
      "Effect": "Allow",
      "Principal": { "AWS": "arn:aws:iam::111122223333:role/kmstool-instance-role" },
      "Action": "kms:Decrypt",
      "Resource": "*",
      "Condition": { "StringEqualsIgnoreCase": { "kms:RecipientAttestation:ImageSha384": "$image" } }
    },
    {
      "Sid": "Enable encrypt from instance",
      "Effect": "Allow",
      "Principal": { "AWS": "arn:aws:iam::111122223333:role/kmstool-instance-role" },
      "Action": "kms:Encrypt",
      "Resource": "*"
    },
    {
      "Sid": "Allow access for Key Administrators",
      "Effect": "Allow",
      "Principal": { "AWS": "arn:aws:iam::111122223333:user/administrator" },
      "Action": ["kms:Create*", "kms:Describe*", "kms:List*", "kms:Put*", "kms:Get*"],
      "Resource": "*"
    }
  ]
}
POLICY
key=$(as_administrator $run "$simulator" kms CreateKey "Policy=@$dir/policy.json" --query KeyMetadata.Arn)
say "Administrator: key ${key##*/}; decrypts only for PCR0 c0ffee…"

plaintext=$(printf '%s' "$message" | base64)
ciphertext=$(as_instance $run "$simulator" kms Encrypt "KeyId=$key" "Plaintext=$plaintext" --query CiphertextBlob)
say "Parent instance: encrypts \"$message\" with its role from IMDSv2"

decrypted=$(decrypt_in enclave)
[ "$decrypted" = "$message" ] || fail "the enclave decrypted '$decrypted'"
say "Parent instance: kmstool-instance has the enclave decrypt it: $decrypted"

refused as_instance $run "$simulator" kms Decrypt "CiphertextBlob=$ciphertext"
say 'Parent instance: decrypts it without the enclave: AccessDeniedException, as it should be'

start other-nsm '^ready$' $run "$simulator" nsm --dir "$dir" --pcr0 "$other_image" --listen "unix:$dir/other-nsm.sock"
start_enclave other "unix:$dir/other-nsm.sock"
refused decrypt_in other
say 'Another enclave, PCR0 decade…: AccessDeniedException, as it should be'

stop_all || fail 'a program did not end well at SIGTERM'
say "All stopped; $(($(date +%s) - started)) s in all"
