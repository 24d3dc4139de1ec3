#!/bin/sh
# Runs every KMS operation with the published (trimmed) programs: from the parent instance, as a batch, and inside the
# enclave under the name of the AWS sample's command line.
#
#   scripts/check-operations.sh BIN
set -eu

bin=$(cd "${1:?the folder of the published programs}" && pwd)
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
clean_environment

# is WHAT ACTUAL EXPECTED
is() {
    [ "$2" = "$3" ] || fail "$1: '$2' in place of '$3'"
    echo "ok: $1"
}

# member NAME: the text of a member of the JSON object on stdin.
member() {
    sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"
}

# The programs close .NET's diagnostics port themselves, even where the environment asks for it.
export DOTNET_EnableDiagnostics=1
start simulator '^ready$' "$bin/kmstool-simulator" run --dir "$dir"
kms_port=$(. "$dir/env.sh" && echo "${AWS_ENDPOINT_URL_KMS##*:}")
start proxy 'listening on' "$bin/kmstool-instance" vsock-proxy "unix:$dir/proxy.sock" 127.0.0.1 "$kms_port"

create_key() {
    as_administrator "$bin/kmstool-simulator" kms CreateKey "$@" --query KeyMetadata.Arn
}
key=$(create_key)
agreement=$(create_key KeySpec=ECC_NIST_P256 KeyUsage=KEY_AGREEMENT)
start enclave '^ready ' "$bin/kmstool-enclave" serve --listen "unix:$dir/enclave.sock" --proxy "unix:$dir/proxy.sock" \
    --nsm "unix:$dir/nsm.sock" --ca-bundle "$dir/ca.pem" --allow-key "$key" "$agreement"

unset DOTNET_EnableDiagnostics
for name in simulator proxy enclave; do
    is "no diagnostics port: $name" "$(grep -c "dotnet-diagnostic-$(cat "$dir/$name.pid")-" /proc/net/unix)" 0
done

instance() {
    as_administrator "$bin/kmstool-instance" "$@" --cid "unix:$dir/enclave.sock"
}

data_key=$(instance generate-data-key --key-id "$key" --key-spec AES_256 -e Purpose=check)
blob=$(echo "$data_key" | member CiphertextBlob)
secret=$(echo "$data_key" | member Plaintext)
is 'generate-data-key, decrypt' "$(instance decrypt --output base64 -e Purpose=check "$blob")" "$secret"
pair=$(instance generate-data-key-pair --key-id "$key" --key-pair-spec ECC_NIST_P256)
echo "$pair" | member PrivateKeyPlaintext | base64 -d >"$dir/private.der"
openssl pkey -inform DER -in "$dir/private.der" -pubout -out "$dir/public.pem"
is 'generate-data-key-pair' "$(openssl pkey -pubin -in "$dir/public.pem" -outform DER | base64 -w 0)" "$(echo "$pair" | member PublicKey)"
is 'generate-random' "$(instance generate-random --length 24 --output raw | wc -c)" 24
as_administrator "$bin/kmstool-simulator" kms GetPublicKey "KeyId=$agreement" --query PublicKey |
    base64 -d | openssl pkey -pubin -inform DER -out "$dir/agreement.pem"
openssl pkeyutl -derive -inkey "$dir/private.der" -keyform DER -peerkey "$dir/agreement.pem" -out "$dir/expected"
instance derive-shared-secret --key-id "$agreement" --public-key-file "$dir/public.pem" --output raw >"$dir/derived"
is 'derive-shared-secret' "$(base64 -w 0 <"$dir/derived")" "$(base64 -w 0 <"$dir/expected")"
is 'describe' "$(instance describe --output json | grep -c "$key")" 1
instance attest --nonce 00ff --output raw >"$dir/document" 2>"$dir/nonce"
is 'attest' "$(cat "$dir/nonce")" 'nonce 00ff'

printf '%s\n%s\n' "$blob" "$blob" | instance decrypt -e Purpose=check --batch - --output json >"$dir/batch" 2>"$dir/summary"
is 'decrypt --batch' "$(grep -c "\"Plaintext\":\"$secret\"" "$dir/batch")" 2
is 'credentials' "$(as_instance "$bin/kmstool-instance" credentials --output json | grep -c kmstool-instance-role)" 1

# A key that the enclave is not pinned to.
other=$(as_administrator "$bin/kmstool-simulator" kms Encrypt "KeyId=$(create_key)" Plaintext=AAAA --query CiphertextBlob)
code=0
instance decrypt --output base64 "$other" >"$dir/out" 2>"$dir/err" || code=$?
is 'a ciphertext of another key' "$code $(grep -c -e --allow-key "$dir/err")" '1 1'

ln -s "$bin/kmstool-enclave" "$dir/kmstool_enclave_cli"
ln -s "$bin/kmstool-instance" "$dir/kmstool_instance"
cli() (
    . "$dir/env.sh"
    id=$AWS_ACCESS_KEY_ID secret_key=$AWS_SECRET_ACCESS_KEY
    unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_ENDPOINT_URL_KMS
    "$dir/kmstool_enclave_cli" "$@" --region us-east-1 --proxy "unix:$dir/proxy.sock" \
        --aws-access-key-id "$id" --aws-secret-access-key "$secret_key"
)
plain=$(as_administrator "$bin/kmstool-simulator" kms Encrypt "KeyId=$key" Plaintext=SGVsbG8sIEtNUyE= --query CiphertextBlob)
is 'kmstool_enclave_cli decrypt' "$(cli decrypt --ciphertext "$plain")" 'PLAINTEXT: SGVsbG8sIEtNUyE='
is 'kmstool_enclave_cli genkey' "$(cli genkey --key-id "$key" --key-spec AES-256 | cut -d : -f 1 | tr '\n' ' ')" 'CIPHERTEXT PLAINTEXT '
is 'kmstool_enclave_cli genrandom' "$(cli genrandom --length 32 | cut -d ' ' -f 2 | base64 -d | wc -c)" 32
is 'kmstool_instance' "$(as_administrator "$dir/kmstool_instance" --cid "unix:$dir/enclave.sock" "$plain")" 'Hello, KMS!'

stop_all || fail 'a program did not end well at SIGTERM'
