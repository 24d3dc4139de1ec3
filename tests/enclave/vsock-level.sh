# The first half of scripts/test-enclave.sh, which reads it: the tests over AF_VSOCK, in a virtual machine of its own.
# shellcheck shell=sh disable=SC2154

# What uses sockets, whoever owns them; little of KMS and its RSA keys, which emulation makes slow.
vsock_tests='Protocol.Sockets Networking.Relaying TransportTests Daemon.DeafPeerTests EnclaveConnectionTests'

# copy_libraries FILE...: the shared libraries that they name, into the guest at the same paths.
copy_libraries() {
    for library in $(for file in "$@"; do ldd "$file" || :; done |
        awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }' | sort -u); do
        mkdir -p "$dir/guest$(dirname "$library")"
        cp -L "$library" "$dir/guest$library"
    done
}

# The .NET of this machine and the test runner of its SDK.
copy_dotnet() {
    home=$(dirname "$(readlink -f "$(command -v dotnet)")")
    mkdir -p "$dir/guest/dotnet/sdk/Extensions"
    cp -r "$home/dotnet" "$home/host" "$home/shared" "$dir/guest/dotnet"
    runner=$home/sdk/$(cd "$root" && dotnet --version)
    for file in "$runner"/*.dll "$runner"/*.json "$runner"/*.config; do
        case $(basename "$file") in
            vstest* | testhost* | *TestPlatform* | Newtonsoft* | NuGet.Frameworks* | *DependencyModel* | *FileSystemGlobbing*)
                cp "$file" "$dir/guest/dotnet/sdk" ;;
        esac
    done
    cp "$runner"/Extensions/*.dll "$dir/guest/dotnet/sdk/Extensions"
    # .NET loads OpenSSL by name.
    openssl=$(/sbin/ldconfig -p | awk '$1 == "libssl.so.3" || $1 == "libcrypto.so.3" { print $NF }')
    # shellcheck disable=SC2086 # words
    copy_libraries "$home/dotnet" "$home"/shared/Microsoft.NETCore.App/*/*.so $openssl
    for library in $openssl; do
        mkdir -p "$dir/guest$(dirname "$library")"
        cp -L "$library" "$dir/guest$library"
    done
}

vsock_level() {
    printf '\n== vsock\n'
    quietly 'build of the tests' dotnet build "$root/KmsTool.Tests" --configuration Release --verbosity quiet --nologo
    guest_root "$dir/guest" "$root/tests/enclave/vsock-tests.sh" vsock vmw_vsock_virtio_transport_common vsock_loopback
    copy_dotnet
    cp -r "$root/KmsTool.Tests/bin/Release/net10.0" "$dir/guest/tests"
    filter=
    for name in $vsock_tests; do
        filter="$filter${filter:+|}FullyQualifiedName~$name"
    done
    echo "$filter" >"$dir/guest/filter"
    ramdisk "$dir/guest" "$dir/guest.cpio"
    rm -r "$dir/guest"

    launch vsock qemu -M microvm,acpi=on -m 4096 -smp 2 -kernel "$lab/vmlinuz" -initrd "$dir/guest.cpio" -append "$(kernel_options)"
    in_time 1500 vsock '^guest: ended with exit code [0-9]*.$'
    ended vsock || :
    tr -d '\r' <"$dir/vsock.log" >"$dir/results"
    passed=$((passed + $(grep -c '^  Passed ' "$dir/results" || :)))
    failed=$((failed + $(grep -c '^  Failed ' "$dir/results" || :)))
    grep -E '^  Passed .*vsock' "$dir/results" || :
    check 'the test runner ended well' "$(sed -n 's/^guest: ended with exit code //p' "$dir/results")" 0
    check 'no test was skipped' "$(grep -c '^  Skipped ' "$dir/results" || :)" 0
    for name in $vsock_tests; do
        check "there are tests of $name" "$(grep -q "^  Passed .*$name" "$dir/results" && echo yes)" yes
    done
    over=$(grep -c '^  Passed .*(transport: "vsock"' "$dir/results" || :)
    check 'at least 30 of the tests that run over every transport ran over AF_VSOCK' "$([ "$over" -ge 30 ] && echo yes)" yes
    [ "$failed" -eq 0 ] || cat "$dir/results" >&2
}
