#!/bin/sh
# Puts together the root directory of a container or enclave that holds one published program and what it needs to
# run: its libraries, OpenSSL, certificate authorities. No shell, no package manager, nothing else.
#
#   containers/assemble-root.sh PROGRAM ROOT [CA_BUNDLE]
#
#   PROGRAM    such as artifacts/bin/linux-x64/kmstool-enclave
#   ROOT       the directory to make; it must not exist
#   CA_BUNDLE  PEM file (default /etc/ssl/certs/ca-certificates.crt); becomes that path under ROOT
#
# The libraries are those of the system it runs on, so run it on the one whose security updates you follow.
set -eu

if [ $# -lt 2 ] || [ $# -gt 3 ]; then
    echo 'usage: assemble-root.sh PROGRAM ROOT [CA_BUNDLE]' >&2
    exit 2
fi
program=$1
root=$2
authorities=/etc/ssl/certs/ca-certificates.crt
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

[ -x "$program" ] || fail "$program is no program; make publish makes them"
[ -s "${3:-$authorities}" ] || fail "no certificate authorities in ${3:-$authorities}; install ca-certificates"
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
cp -L "${3:-$authorities}" "$root$authorities"
echo 'root:x:0:0:root:/:' >"$root/etc/passwd"
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
