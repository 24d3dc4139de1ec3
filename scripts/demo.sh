#!/bin/sh
# The main job on one machine, without AWS: a ciphertext that only one enclave image can decrypt.
#
#   scripts/demo.sh                              builds the programs and runs them
#   BIN=artifacts/bin/linux-x64 scripts/demo.sh  runs published programs
#
# Needs the .NET SDK (published programs: nothing) and a POSIX shell with its usual tools.
# Exit code: 0 when every step went as it should; if not, another, and stderr says what went wrong.
set -eu

message='Hello, KMS!'
region=us-east-1
# PCR0, the measurement of an enclave image: of the one that the key admits, and of another. 96 digits each.
image=$(printf 'c0ffee%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
other_image=$(printf 'decade%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)

started=$(date +%s)
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/common.sh
. "$root/scripts/common.sh"

step=0
say() {
    step=$((step + 1))
    printf '%2d. %s\n' "$step" "$1"
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

clean_environment

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
