# What the parent instance (CID 3) does in the tests with real enclaves, as /guest of a virtual machine: the simulated AWS,
# vsock-proxy and kmstool-instance, over AF_VSOCK to two enclaves. The serving one (CID 4) runs kmstool-enclave serve; the
# other (CID 5) runs an application with an AWS SDK under kmstool-enclave run.
#
# Prints a line for each check, `ok: …` or `FAILED: …`; for the host, which then boots the second, `application-keys …`.
# shellcheck shell=sh
set -u

serving=4
application=5
# Which simulated AWS the instance knows.
aws=/sim
message='Hello, KMS!'
# vhost-device-vsock 0.3.0 loses what is longer than 3732 bytes between two virtual machines.
export KMSTOOL_VSOCK_BUFFER_SIZE=3584

ok() {
    echo "ok: $1"
}

failed() {
    echo "FAILED: $1"
}

# is WHAT ACTUAL EXPECTED: what is expected is something.
is() {
    if [ "$2" = "$3" ] && [ -n "$3" ]; then ok "$1"; else failed "$1: '$2' in place of '$3'"; fi
}

# has WHAT FILE PATTERN
has() {
    if grep -q -e "$3" "$2"; then ok "$1"; else failed "$1: no $3 in: $(cat "$2")"; fi
}

# start NAME PATTERN COMMAND...: in the background, until a line of its output matches; its process id is in $started.
start() {
    log=/run/$1.log
    : >"$log"
    pattern=$2
    shift 2
    "$@" >"$log" 2>&1 &
    started=$!
    tries=0
    until grep -q "$pattern" "$log"; do
        tries=$((tries + 1))
        if [ "$tries" -gt 120 ] || ! kill -0 "$started"; then
            failed "did not start: $*: $(cat "$log")"
            exit 1
        fi
        sleep 1
    done
}

# end PID [SIGNAL]
end() {
    kill "-${2:-TERM}" "$1"
    wait "$1" 2>/run/wait
}

# start_proxy PORT: the parent's vsock-proxy to the simulated KMS at that port.
start_proxy() {
    start proxy 'listening on' /kmstool-instance vsock-proxy 8000 127.0.0.1 "$1"
    proxy=$started
}

as_administrator() (
    . "$aws/env.sh"
    /kmstool-simulator kms "$@"
)

# With the role's credentials, from the instance metadata service.
as_instance() (
    . "$aws/env.sh"
    unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
    "$@"
)

instance() {
    as_instance /kmstool-instance "$@" --cid "$serving" --timeout 60
}

# until_answered CID: waits for an enclave that boots.
until_answered() {
    tries=0
    until as_instance /kmstool-instance describe --cid "$1" --timeout 10 --output json >"/run/describe-$1" 2>/run/err; do
        tries=$((tries + 1))
        if [ "$tries" -gt 120 ]; then
            failed "enclave $1 does not answer: $(cat /run/err)"
            exit 1
        fi
        sleep 1
    done
}

# member NAME FILE: the text of a member of a JSON object; white space does not matter.
member() {
    tr -d ' \n' <"$2" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"
}

# refused WHAT CODE PATTERN COMMAND...: it ends with that code, a message of that pattern, and no result.
refused() {
    what=$1 expected=$2 pattern=$3
    shift 3
    code=0
    "$@" >/run/out 2>/run/err || code=$?
    is "$what: exit code" "$code" "$expected"
    is "$what: no result" "$(wc -c </run/out)" 0
    has "$what: reason" /run/err "$pattern"
}

# until_credentials: a simulator's first response takes longer under emulation than the program waits (10 s).
until_credentials() {
    tries=0
    until as_instance /kmstool-instance credentials >/run/credentials 2>/run/err; do
        tries=$((tries + 1))
        if [ "$tries" -gt 20 ]; then
            failed "no credentials: $(cat /run/err)"
            exit 1
        fi
    done
    rm /run/credentials
}

encrypt() {
    as_instance /kmstool-simulator kms Encrypt "KeyId=$1" "Plaintext=$2" --query CiphertextBlob
}

start simulator '^ready$' /kmstool-simulator run --dir /sim --port 4443 --insecure-accept-unsigned-attestation
has 'the simulator says that it accepts what proves nothing' /run/simulator.log 'insecure-accept-unsigned-attestation'
start_proxy 4443
start application-proxy 'listening on' /kmstool-instance vsock-proxy 8001 127.0.0.1 4443

# Policies of the images, as kmstool-instance policy printed them.
key=$(as_administrator CreateKey Policy=@/policy-serving.json --query KeyMetadata.Arn)
application_key=$(as_administrator CreateKey Policy=@/policy-application.json --query KeyMetadata.Arn)
agreement_key=$(as_administrator CreateKey Policy=@/policy-application.json KeySpec=ECC_NIST_P256 KeyUsage=KEY_AGREEMENT --query KeyMetadata.Arn)
ciphertext=$(encrypt "$key" "$(printf '%s' "$message" | base64)")
application_ciphertext=$(encrypt "$application_key" "$(printf '%s' "$message" | base64)")

echo "application-keys $application_key $agreement_key $(as_administrator GetPublicKey "KeyId=$agreement_key" --query PublicKey) end"

# The host says when it has booted: vhost-device-vsock 0.3.0 does not find a virtual machine that was dialled before.
read -r _ </dev/console
until_answered "$application"
for index in 0 1 2; do
    is "enclave with an application: the device has the PCR$index that measure predicted" \
        "$(member "$index" "/run/describe-$application")" "$(member "PCR$index" /measured-application)"
done
as_instance /kmstool-instance credentials push --cid "$application" --watch --interval 10 >/run/push.log 2>&1 &
# The host says when the application has ended: at the same time as two enclaves, emulation would exceed the time limits.
read -r _ </dev/console

until_credentials
until_answered "$serving"
for index in 0 1 2 8; do
    is "serving enclave: the device has the PCR$index that measure predicted" \
        "$(member "$index" "/run/describe-$serving")" "$(member "PCR$index" /measured-serving)"
done

is 'decrypt' "$(instance decrypt "$ciphertext")" "$message"
refused 'decrypt without the enclave' 1 AccessDeniedException as_instance /kmstool-simulator kms Decrypt "CiphertextBlob=$ciphertext"
# The kernel would wait for 2 s.
refused 'connecting to a CID that is not there, cancelled' 4 'within 1 s' as_instance /kmstool-instance describe --cid 77 --timeout 1
refused 'connecting to a CID that is not there' 4 'no machine with that CID' as_instance /kmstool-instance describe --cid 77 --timeout 60
refused 'connecting to a port where nobody listens' 4 . as_instance /kmstool-instance describe --cid "vsock:$serving:3001" --timeout 60
refused 'decrypt with a key of another PCR0' 1 AccessDeniedException instance decrypt "$application_ciphertext"

instance generate-data-key --key-id "$key" --key-spec AES_256 >/run/data-key
is 'generate-data-key' "$(member Plaintext /run/data-key | base64 -d | wc -c)" 32
is 'decrypt of the data key' \
    "$(instance decrypt --output base64 "$(member CiphertextBlob /run/data-key)")" "$(member Plaintext /run/data-key)"
is 'generate-random of 1024 bytes' "$(instance generate-random --length 1024 --output raw | wc -c)" 1024

# The largest that KMS encrypts: every hop has messages longer than one packet.
head -c 4096 /dev/urandom | base64 | tr -d '\n' >/run/large
is 'decrypt of 4096 bytes' "$(instance decrypt --output base64 "$(encrypt "$key" "$(cat /run/large)")")" "$(cat /run/large)"
i=0
while [ $i -lt 100 ]; do
    echo "$ciphertext"
    i=$((i + 1))
done >/run/batch
is 'decrypt --batch of 100' "$(instance decrypt --batch - </run/batch 2>/run/err | grep -c -x -F "$message")" 100

# Its documents prove nothing, and what checks signatures says so.
refused 'attest --verify' 1 'protected header' instance attest --nonce random --verify
instance attest --nonce 00ff --output raw >/run/document 2>/run/err
refused 'verify-attestation' 1 'protected header' /kmstool-instance verify-attestation /run/document

# Without the switch, the stand-in for KMS verifies as ever.
mkdir /strict /slow
cp -r /sim/pki /strict
cp -r /sim/pki /slow
start strict '^ready$' /kmstool-simulator run --dir /strict --port 4444
strict=$started
end "$proxy"
start_proxy 4444
aws=/strict
until_credentials
refused 'a simulator without the switch' 1 'ValidationException.*attestation document' instance generate-random --length 16
end "$strict"

# The proxy is killed while KMS works on a request.
start slow '^ready$' /kmstool-simulator run --dir /slow --port 4445 --fault kms-slow --insecure-accept-unsigned-attestation
end "$proxy"
start_proxy 4445
aws=/slow
until_credentials
instance generate-random --length 16 --output raw >/run/out 2>/run/err &
request=$!
tries=0
until grep -q 'accepted an unsigned attestation document' /run/slow.log; do
    tries=$((tries + 1))
    [ "$tries" -le 60 ] || { failed "the request did not reach KMS: $(cat /run/err)"; exit 1; }
    sleep 1
done
end "$proxy" KILL
code=0
wait "$request" || code=$?
is 'the proxy killed within a request: exit code' "$code" 1
is 'the proxy killed within a request: no result' "$(wc -c </run/out)" 0
has 'the proxy killed within a request: reason' /run/err KmsUnreachable
aws=/sim
refused 'no proxy' 1 'Could not create new client' instance decrypt "$ciphertext"
start_proxy 4443
is 'decrypt when the proxy is back' "$(instance decrypt "$ciphertext")" "$message"

