#!/bin/sh
# Runs the AWS CLI against the simulator.
#
#   scripts/check-awscli.sh BIN [AWS]
#
# BIN is the folder of the published programs; AWS is the CLI to run (default /usr/bin/aws, Debian's version 2).
set -eu

bin=$(cd "${1:?the folder of the published programs}" && pwd)
aws=${2:-/usr/bin/aws}
message='Hello, KMS!'
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
clean_environment
export AWS_PAGER=

# Versions of the CLI before 2.13 do not read AWS_ENDPOINT_URL_KMS.
kms() {
    "$aws" --endpoint-url "$AWS_ENDPOINT_URL_KMS" --output text kms "$@"
}

sts() {
    "$aws" --endpoint-url "$AWS_ENDPOINT_URL_STS" --output text sts "$@"
}

# is WHAT ACTUAL EXPECTED
is() {
    [ "$2" = "$3" ] || fail "$1: '$2' in place of '$3'"
    echo "ok: $1"
}

# refused ERROR COMMAND...: it must fail with that error.
refused() {
    error=$1
    shift
    if "$@" >"$dir/out" 2>&1; then
        fail "not refused with $error: $*"
    fi
    grep -q "($error)" "$dir/out" || fail "not refused with $error: $(cat "$dir/out")"
    echo "ok: $error: $*"
}

"$aws" --version
start simulator '^ready$' "$bin/kmstool-simulator" run --dir "$dir"

is 'sts get-caller-identity with keys' \
    "$(as_administrator sts get-caller-identity --query Arn)" arn:aws:iam::111122223333:user/administrator
is 'sts get-caller-identity with the role from IMDSv2' \
    "$(as_instance sts get-caller-identity --query Account)" 111122223333

key=$(as_administrator kms create-key --description 'made by the AWS CLI' --query KeyMetadata.Arn)
is 'kms describe-key' "$(as_administrator kms describe-key --key-id "$key" --query KeyMetadata.Description)" 'made by the AWS CLI'

printf '%s' "$message" >"$dir/message"
as_administrator kms encrypt --key-id "$key" --plaintext "fileb://$dir/message" --encryption-context Purpose=check \
    --query CiphertextBlob | base64 -d >"$dir/ciphertext"
decrypt() {
    kms decrypt --ciphertext-blob "fileb://$dir/ciphertext" --query Plaintext "$@"
}
is 'kms encrypt, kms decrypt' "$(as_administrator decrypt --encryption-context Purpose=check | base64 -d)" "$message"
refused InvalidCiphertextException as_administrator decrypt --encryption-context Purpose=other
refused AccessDeniedException as_instance decrypt --encryption-context Purpose=check

stop_all || fail 'the simulator did not end well at SIGTERM'
