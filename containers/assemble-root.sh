#!/bin/sh
# Puts together the root directory of a container or enclave that holds one published program and what it needs to
# run: its libraries, OpenSSL, root certificates. No shell, no package manager, nothing else.
#
#   containers/assemble-root.sh [--ca-bundle FILE] PROGRAM ROOT
#
#   --ca-bundle FILE  PEM file of the root certificates to trust, in place of those that AWS's endpoints chain to
#   PROGRAM           such as artifacts/bin/linux-x64/kmstool-enclave
#   ROOT              the directory to make; it must not exist
#
# The libraries are those of the system it runs on, so run it on the one whose security updates you follow.
set -eu

# Where kmstool-enclave looks for root certificates by default (KmsTool.Enclave/Kms/TrustAnchors.cs).
authorities=/etc/ssl/certs/ca-certificates.crt
# The package ca-certificates of Debian and Ubuntu installs one file for each certificate.
installed=/usr/share/ca-certificates/mozilla
# The SHA-256 of each certificate in DER, and its file.
aws_roots='
8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e Amazon_Root_CA_1
1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4 Amazon_Root_CA_2
18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4 Amazon_Root_CA_3
e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092 Amazon_Root_CA_4
568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5 Starfield_Services_Root_Certificate_Authority_-_G2
'

bundle=
if [ "${1:-}" = --ca-bundle ]; then
    bundle=${2:-}
    [ -s "$bundle" ] || {
        echo "assemble-root: the CA bundle '$bundle' (--ca-bundle) is missing or empty" >&2
        exit 1
    }
    shift 2
fi
if [ $# -ne 2 ]; then
    echo 'usage: assemble-root.sh [--ca-bundle FILE] PROGRAM ROOT' >&2
    exit 2
fi
program=$1
root=$2
name=$(basename "$program")

fail() {
    printf 'assemble-root: %s\n' "$1" >&2
    exit 1
}

# The paths of the shared libraries that FILE names, with the loader.
libraries_of() {
    ldd "$1" | awk '$2 == "=>" { print $3 } $1 ~ /^\// { print $1 }'
}

# .NET loads OpenSSL by name at run time, so the program does not list it.
find_library() {
    path=$(/sbin/ldconfig -p | awk -v name="$1" '$1 == name { print $NF; exit }')
    [ -n "$path" ] || fail "$1 is not installed"
    echo "$path"
}

# Prints the certificates of AWS's roots, after a check that they are the expected ones.
print_aws_roots() {
    echo "$aws_roots" | while read -r expected certificate; do
        [ -n "$certificate" ] || continue
        file=$installed/$certificate.crt
        [ -r "$file" ] || fail "the root certificate $file is missing: install ca-certificates, or name a bundle with --ca-bundle"
        found=$(sed '/^-----/d' "$file" | base64 -d | sha256sum | cut -d ' ' -f 1)
        [ "$found" = "$expected" ] || fail "the root certificate $file has the SHA-256 $found, not $expected"
        cat "$file"
    done
}

[ -x "$program" ] || fail "$program is not a program; make publish makes them"
if [ -z "$bundle" ]; then
    roots=$(print_aws_roots)
fi
mkdir "$root"

openssl="$(find_library libssl.so.3) $(find_library libcrypto.so.3)"
for file in $(for binary in "$program" $openssl; do libraries_of "$binary"; done | sort -u) $openssl; do
    case $file in
    /*) ;;
    *) fail "a library is missing: $file" ;;
    esac
    mkdir -p "$root$(dirname "$file")"
    cp -L "$file" "$root$file"
done

mkdir -p "$root$(dirname $authorities)"
if [ -n "$bundle" ]; then
    cp -L "$bundle" "$root$authorities"
else
    echo "$roots" >"$root$authorities"
fi
printf '%s\n' 'root:x:0:0:root:/:' 'app:x:1000:1000:for kmstool-enclave run --user app:/:' >"$root/etc/passwd"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"

# Where the container engine or the enclave's init mounts its own.
mkdir "$root/dev" "$root/proc" "$root/run" "$root/sys" "$root/tmp"
chmod 1777 "$root/tmp"

cp "$program" "$root/$name"
# The names that the AWS sample has for what it does.
ln -s "$name" "$root/$(echo "$name" | tr - _)"
if [ "$name" = kmstool-enclave ]; then
    ln -s "$name" "$root/kmstool_enclave_cli"
fi
