#!/bin/sh
# The AWS CLI; README.md has the arguments.
set -eu

aws=/usr/bin/aws
key_id=$1 agreement_key_id=$2 peer_public_key=$3 mode=$4
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export AWS_PAGER=

version=$("$aws" --version | sed -n 's|^aws-cli/\([0-9]*\)\.\([0-9]*\)\..*|\1 \2|p')
if [ "${mode%-denied}" = environment ] && [ "${version% *}" -eq 2 ] && [ "${version#* }" -lt 13 ]; then
    echo 'skip environment: this SDK does not know AWS_ENDPOINT_URL_KMS'
    exit
fi

kms() {
    case $mode in
        code*) "$aws" kms "$@" --endpoint-url "$AWS_KMS_ENDPOINT" ;;
        *) "$aws" kms "$@" ;;
    esac
}

# query PATH OPERATION...: a member of the answer.
query() {
    path=$1
    shift
    kms "$@" --output text --query "$path"
}

# check STEP COMMAND...: the command must succeed.
check() {
    step=$1
    shift
    if ! "$@"; then
        echo "FAILED $step" >&2
        exit 1
    fi
    echo "ok $step"
}

# refused CIPHERTEXT ERROR: decrypt must fail with that error, which carries a request id.
refused() {
    ! kms decrypt --ciphertext-blob "$1" --debug >"$dir/out" 2>"$dir/err" &&
        grep -q "^An error occurred ($2) when calling the Decrypt operation: " "$dir/err" &&
        grep -qi "'x-amzn-requestid': '[0-9a-f-]\{36\}'" "$dir/err"
}

if [ "$mode" != "${mode%-denied}" ]; then
    # shellcheck disable=SC2153 # not $ciphertext
    check denied refused "$CIPHERTEXT" AccessDeniedException
    exit
fi

decrypt() {
    query Plaintext decrypt --ciphertext-blob "$1"
}

plaintext=$(printf attested | base64)
ciphertext=$(query CiphertextBlob encrypt --key-id "$key_id" --plaintext "$plaintext")
check encrypt [ -n "$ciphertext" ]

check decrypt [ "$(query '[Plaintext,KeyId]' decrypt --ciphertext-blob "$ciphertext")" = "$plaintext	$key_id" ]

data_key=$(query '[CiphertextBlob,Plaintext]' generate-data-key --key-id "$key_id" --key-spec AES_256)
check generate_data_key [ "$(decrypt "${data_key%	*}")" = "${data_key#*	}" ]

pair=$(query '[PrivateKeyCiphertextBlob,PrivateKeyPlaintext]' \
    generate-data-key-pair --key-id "$key_id" --key-pair-spec RSA_2048)
check generate_data_key_pair [ "$(decrypt "${pair%	*}")" = "${pair#*	}" ]

first=$(query Plaintext generate-random --number-of-bytes 32)
second=$(query Plaintext generate-random --number-of-bytes 32)
lengths=$(for random in "$first" "$second"; do printf %s "$random" | base64 -d | wc -c; done)
[ "$first" != "$second" ] || lengths='the same twice'
check generate_random [ "$lengths" = "32
32" ]

if "$aws" kms derive-shared-secret --generate-cli-skeleton input >"$dir/out" 2>&1; then
    secret=$(query SharedSecret derive-shared-secret --key-id "$agreement_key_id" --key-agreement-algorithm ECDH \
        --public-key "$peer_public_key")
    check derive_shared_secret [ "$secret" = "$SHARED_SECRET" ]
else
    echo 'skip derive_shared_secret: not in this SDK'
fi

check describe_key [ "$(query KeyMetadata.Arn describe-key --key-id "$key_id")" = "$key_id" ]

check invalid_ciphertext refused Z2FyYmFnZQ== InvalidCiphertextException
