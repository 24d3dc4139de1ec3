#!/bin/sh
# Tests that the AWS SDKs use attested KMS inside an enclave without a line of KmsTool's: runs each program of tests/sdks
# under kmstool-enclave run against the simulator, whose keys admit only that enclave, and under another enclave, which
# must be denied.
#
#   scripts/test-sdks.sh                              builds KmsTool and runs it
#   BIN=artifacts/bin/linux-x64 scripts/test-sdks.sh  runs published programs
#
# Needs the .NET SDK, Node.js 20 with npm, and from Debian, installed here if root runs it, the packages below. What is
# built and what npm fetches is in artifacts/sdks. The last line is `N passed, N failed`: steps that went well, and
# programs that failed.
set -eu

packages='awscli golang-go golang-github-aws-aws-sdk-go-v2-dev openssl python3-boto3 ruby ruby-aws-sdk-kms'
region=us-east-1
# PCR0 of the enclave that the keys admit, and of another. 96 digits each.
image=$(printf 'c0ffee%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
other_image=$(printf 'decade%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=scripts/common.sh
. "$root/scripts/common.sh"
built=$root/artifacts/sdks

install_packages() {
    missing=
    for package in $packages; do
        [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>"$dir/dpkg")" = installed ] ||
            missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    [ "$(id -u)" -eq 0 ] || fail "needs root, or these Debian packages:$missing"
    echo "Installing$missing"
    quietly 'apt-get update' apt-get -q -q update
    # shellcheck disable=SC2086 # words
    quietly 'apt-get install' env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -q install --yes --no-install-recommends $missing
}

build_programs() {
    mkdir -p "$built/javascript"
    cp "$root/tests/sdks/package.json" "$root/tests/sdks/javascript.js" "$built/javascript"
    quietly 'npm install' /usr/bin/npm --prefix "$built/javascript" install --ignore-scripts --no-audit --no-fund --no-package-lock
    # Debian's packages of Go libraries are a GOPATH.
    quietly 'go build' env GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS= GOCACHE="$built/go-cache" \
        /usr/bin/go build -o "$built/golang" "$root/tests/sdks/golang.go"
    quietly 'dotnet build' dotnet build "$root/tests/sdks/dotnet" --configuration Release \
        --artifacts-path "$built/dotnet" --verbosity quiet --nologo
}

install_packages
build_programs

if [ -n "${BIN:-}" ]; then
    bin=$(cd "$BIN" && pwd)
    enclave=$bin/kmstool-enclave instance=$bin/kmstool-instance simulator=$bin/kmstool-simulator
    run=
else
    quietly 'build of KmsTool' dotnet build "$root/KmsTool.Programs.slnf" --configuration Release --verbosity quiet --nologo
    output=bin/Release/net10.0
    enclave=$root/KmsTool.Enclave/$output/kmstool-enclave.dll
    instance=$root/KmsTool.Instance/$output/kmstool-instance.dll
    simulator=$root/KmsTool.Simulator/$output/kmstool-simulator.dll
    run=dotnet
fi

clean_environment

# in_enclave PCR0 COMMAND...: runs it as the application of an enclave of that image.
in_enclave() (
    nsm=$dir/nsm.sock
    [ "$1" = "$image" ] || nsm=$dir/other-nsm.sock
    shift
    . "$dir/env.sh"
    unset AWS_CA_BUNDLE AWS_ENDPOINT_URL_KMS AWS_ENDPOINT_URL_STS AWS_EC2_METADATA_SERVICE_ENDPOINT AWS_REGION KMSTOOL_NSM
    timeout --foreground --kill-after=10s 60s $run "$enclave" run --kms-proxy-port 0 \
        --proxy "unix:$dir/proxy.sock" --nsm "unix:$nsm" --ca-bundle "$dir/ca.pem" \
        --region "$region" --credentials environment -- "$@"
)

kms() {
    as_administrator $run "$simulator" kms "$@"
}

start simulator '^ready$' $run "$simulator" run --dir "$dir" --region $region --pcr0 "$image"
kms_port=$(. "$dir/env.sh" && echo "${AWS_ENDPOINT_URL_KMS##*:}")
start proxy 'listening on' $run "$instance" vsock-proxy "unix:$dir/proxy.sock" 127.0.0.1 "$kms_port"
start other-nsm '^ready$' $run "$simulator" nsm --dir "$dir" --pcr0 "$other_image" --listen "unix:$dir/other-nsm.sock"

# kms:GenerateRandom concerns no key, so that no key's policy could say to whom it is allowed.
cat >"$dir/policy.json" <<POLICY
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Enable secrets in the enclave",
      "Effect": "Allow",
      "Principal": { "AWS": "arn:aws:iam::111122223333:user/administrator" },
      "Action": ["kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyPair", "kms:DeriveSharedSecret"],
      "Resource": "*",
      "Condition": { "StringEqualsIgnoreCase": { "kms:RecipientAttestation:ImageSha384": "$image" } }
    },
    {
      "Sid": "Enable encrypt and administration",
      "Effect": "Allow",
      "Principal": { "AWS": "arn:aws:iam::111122223333:user/administrator" },
      "Action": ["kms:Encrypt", "kms:Describe*", "kms:Get*", "kms:Put*"],
      "Resource": "*"
    }
  ]
}
POLICY
key=$(kms CreateKey "Policy=@$dir/policy.json" --query KeyMetadata.Arn)
agreement_key=$(kms CreateKey "Policy=@$dir/policy.json" KeySpec=ECC_NIST_P256 KeyUsage=KEY_AGREEMENT --query KeyMetadata.Arn)

# The peer's half of the key agreement, so that the programs can be told the secret that must come out.
kms GetPublicKey "KeyId=$agreement_key" --query PublicKey |
    base64 -d | openssl pkey -pubin -inform DER -out "$dir/agreement.pem"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$dir/peer.pem"
peer_public_key=$(openssl pkey -in "$dir/peer.pem" -pubout -outform DER | base64 -w 0)
shared_secret=$(openssl pkeyutl -derive -inkey "$dir/peer.pem" -peerkey "$dir/agreement.pem" | base64 -w 0)

ciphertext=$(kms Encrypt "KeyId=$key" Plaintext=YXR0ZXN0ZWQ= --query CiphertextBlob)
if kms Decrypt "CiphertextBlob=$ciphertext" >"$dir/out" 2>&1 || ! grep -q AccessDeniedException "$dir/out"; then
    fail "the key admits more than the enclave: $(cat "$dir/out")"
fi

passed=0
failed=0

# test_sdk MODE PCR0 COMMAND...: runs an SDK's program in such an enclave and counts.
test_sdk() {
    mode=$1 pcr0=$2
    shift 2
    printf '\n== %s, %s\n' "$sdk" "$mode"
    code=0
    in_enclave "$pcr0" env CIPHERTEXT="$ciphertext" SHARED_SECRET="$shared_secret" \
        "$@" "$key" "$agreement_key" "$peer_public_key" "$mode" >"$dir/out" 2>"$dir/err" || code=$?
    cat "$dir/out"
    ok=$(grep -c '^ok ' "$dir/out" || :)
    skipped=$(grep -c '^skip ' "$dir/out" || :)
    passed=$((passed + ok))
    # Eight steps, each done or said to be lacking in that SDK; one where KMS is to refuse.
    case $mode in
        *-denied) expected=1 ;;
        *) expected=8 ;;
    esac
    if [ "$code" -ne 0 ] || { [ $((ok + skipped)) -ne "$expected" ] && ! grep -q '^skip environment: ' "$dir/out"; }; then
        failed=$((failed + 1))
        cat "$dir/err" >&2
        echo "FAILED: $sdk, $mode: exit code $code, $ok steps ok" >&2
    fi
}

for sdk in python awscli ruby javascript golang dotnet; do
    case $sdk in
        python) set -- /usr/bin/python3 "$root/tests/sdks/python.py" ;;
        awscli) set -- /bin/sh "$root/tests/sdks/awscli.sh" ;;
        ruby) set -- /usr/bin/ruby "$root/tests/sdks/ruby.rb" ;;
        javascript) set -- /usr/bin/node "$built/javascript/javascript.js" ;;
        golang) set -- "$built/golang" ;;
        dotnet) set -- dotnet "$built/dotnet/bin/DotNet/release/DotNet.dll" ;;
    esac
    for where in environment code; do
        test_sdk $where "$image" "$@"
        grep -q '^skip environment: ' "$dir/out" || test_sdk $where-denied "$other_image" "$@"
    done
done

echo
stop_all || fail 'a program did not end well at SIGTERM'
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
