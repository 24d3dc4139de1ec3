# The second half of scripts/test-enclave.sh, which reads it: real enclaves and their parent.
# shellcheck shell=sh disable=SC2154,SC2034

# vsock_of CID: a virtual machine's side of the vsock.
vsock_of() {
    echo "guest-cid=$1,socket=$dir/$1.vhost,uds-path=$dir/$1.vsock"
}

# start_enclave NAME CID WORD...: boots $dir/NAME.eif; words are added to the kernel's command line.
start_enclave() {
    name=$1 cid=$2
    shift 2
    launch "$name" qemu -M "nitro-enclave,vsock=vsock,id=i-0123456789abcdef0,acpi=on" -m 1024 -smp 1 -kernel "$dir/$name.eif" \
        -append "$(kernel_options) $*" -chardev "socket,id=vsock,path=$dir/$cid.vhost"
}

enclave_programs() {
    if [ -n "${BIN:-}" ]; then
        bin=$(cd "$BIN" && pwd)
    else
        echo 'Publishing KmsTool'
        bin=$root/artifacts/bin/linux-x64
        for program in Enclave Instance Simulator; do
            quietly "publishing KmsTool.$program" \
                dotnet publish "$root/KmsTool.$program" --runtime linux-x64 --verbosity quiet --nologo
        done
    fi
    quietly 'publishing the application' dotnet publish "$root/tests/sdks/dotnet" --runtime linux-x64 --self-contained \
        --artifacts-path "$root/artifacts/enclave/dotnet" -p:PublishSingleFile=true --output "$dir/sdk" --verbosity quiet --nologo
}

# The images: the root directory of containers/Dockerfile's image, as the application's ramdisk.
enclave_images() {
    mkdir -p "$dir/boot/bin" "$dir/boot/modules" "$dir/serving" "$dir/application"
    cp "$root/tests/enclave/enclave-init" "$dir/boot/init"
    cp "$lab/bin/busybox" "$dir/boot/bin"
    for module in virtio_mmio vsock vmw_vsock_virtio_transport_common vmw_vsock_virtio_transport nsm; do
        cp "$lab/modules/$module.ko" "$dir/boot/modules"
    done
    ramdisk "$dir/boot" "$dir/boot.cpio"

    "$root/containers/assemble-root.sh" --ca-bundle "$dir/sim/ca.pem" "$bin/kmstool-enclave" "$dir/serving/rootfs"
    cp -a "$dir/serving/rootfs" "$dir/application/rootfs"
    cp "$dir/sdk/DotNet" "$dir/application/rootfs/application"
    for name in serving application; do
        cat >"$dir/$name/env" <<'ENV'
DOTNET_EnableDiagnostics=0
DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
KMSTOOL_VSOCK_BUFFER_SIZE=3584
AWS_MAX_ATTEMPTS=10
ENV
    done
    echo '/kmstool-enclave serve --region us-east-1' >"$dir/serving/cmd"
    echo '/kmstool-enclave run --user app --region us-east-1 --credentials push --daemon vsock:3000 --proxy vsock:3:8001 -- /application' >"$dir/application/cmd"

    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -days 2 -sha384 -subj '/CN=images' \
        -keyout "$dir/signer.key" -out "$dir/signer.pem" 2>"$dir/openssl"
    for name in serving application; do
        ramdisk "$dir/$name" "$dir/$name.cpio"
        set -- --name "$name"
        [ "$name" = application ] || set -- "$@" --key "$dir/signer.key" --certificate "$dir/signer.pem"
        python3 "$root/tests/enclave/write_eif.py" "$dir/$name.eif" --kernel "$lab/vmlinuz" --cmdline 'reboot=k' \
            --ramdisk "$dir/boot.cpio" --ramdisk "$dir/$name.cpio" "$@"
        "$bin/kmstool-instance" measure "$dir/$name.eif" --output json >"$dir/measured-$name"
    done
}

# Key policies for the images, as a user has them printed.
enclave_policies() {
    role=arn:aws:iam::111122223333:role/kmstool-instance-role
    set -- --role-arn "$role" --admin-arn arn:aws:iam::111122223333:user/administrator
    "$bin/kmstool-instance" policy --image "$dir/serving.eif" --image-pcrs 0,8 --deny \
        --operations Decrypt,Encrypt,GenerateDataKey "$@" >"$dir/policy-serving.json"
    # An application's SDK also asks for a key's description, which no policy can tie to an enclave.
    "$bin/kmstool-instance" policy --image "$dir/application.eif" \
        --operations Decrypt,Encrypt,GenerateDataKey,GenerateDataKeyPair,DeriveSharedSecret "$@" |
        sed "s|\"Statement\": \[|&{\"Sid\":\"Describe\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"$role\"},\"Action\":\"kms:DescribeKey\",\"Resource\":\"*\"},|" \
            >"$dir/policy-application.json"
}

# parent_machine: what the parent instance has, from the same script as its container image.
parent_machine() {
    "$root/containers/assemble-root.sh" "$bin/kmstool-instance" "$dir/parent"
    cp "$bin/kmstool-simulator" "$dir/measured-serving" "$dir/measured-application" \
        "$dir/policy-serving.json" "$dir/policy-application.json" "$dir/parent"
    cp -r "$dir/sim" "$dir/parent/sim"
    guest_root "$dir/parent" "$root/tests/enclave/parent.sh" \
        virtio_mmio vsock vmw_vsock_virtio_transport_common vmw_vsock_virtio_transport
    ramdisk "$dir/parent" "$dir/parent.cpio"
}

# start_application KEY AGREEMENT_KEY PUBLIC_KEY: as the parent has told. The secret that the key agreement must derive is
# made here, where openssl is.
start_application() {
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$dir/peer.pem"
    echo "$3" | base64 -d | openssl pkey -pubin -inform DER -out "$dir/agreement.pem"
    secret=$(openssl pkeyutl -derive -inkey "$dir/peer.pem" -peerkey "$dir/agreement.pem" | base64 -w 0)
    start_enclave application 5 -- "env:SHARED_SECRET=$secret" "$1" "$2" \
        "$(openssl pkey -in "$dir/peer.pem" -pubout -outform DER | base64 -w 0)" environment
}

# of NAME LINE: the rest of the console's line that begins so.
of() {
    tr -d '\r' <"$dir/$1.log" | sed -n "s/^$2 //p" | tail -n 1
}

enclave_level() {
    printf '\n== enclave\n'
    enclave_programs

    # The authorities of the simulated AWS, which the enclaves' images trust.
    start authorities '^ready$' "$bin/kmstool-simulator" run --dir "$dir/sim"
    kill "$(cat "$dir/authorities.pid")"
    ended authorities || fail 'the simulator did not end well at SIGTERM'
    enclave_images
    enclave_policies
    parent_machine

    launch vhost "$lab/bin/vhost-device-vsock" \
        --vm "$(vsock_of 3)" --vm "$(vsock_of 4)" --vm "$(vsock_of 5)"
    tries=0
    until [ -S "$dir/5.vhost" ]; do
        tries=$((tries + 1))
        [ "$tries" -le 300 ] || fail "vhost-device-vsock did not start: $(cat "$dir/vhost.log")"
        sleep 0.1
    done
    # What is dialled has to be there first: vhost-device-vsock 0.3.0 does not find it any more otherwise.
    started=$(date +%s%N)
    start_enclave serving 4
    in_time 300 serving '^ready vsock:3000'
    ready=$((($(date +%s%N) - started) / 1000000))

    mkfifo "$dir/console"
    exec 3<>"$dir/console"
    console=$dir/console
    launch parent qemu -M microvm,acpi=on,memory-backend=memory -m 1024 -smp 1 \
        -object memory-backend-memfd,id=memory,size=1024M,share=on \
        -chardev "socket,id=vsock,path=$dir/3.vhost" -device vhost-user-vsock-device,chardev=vsock \
        -kernel "$lab/vmlinuz" -initrd "$dir/parent.cpio" -append "$(kernel_options)"
    console=/dev/null
    in_time 400 parent '^application-keys .* end.$'
    # shellcheck disable=SC2046 # words
    start_application $(of parent application-keys)
    in_time 300 application 'Listening on vsock:3000'
    echo booted >&3
    in_time 300 application 'Attempted to kill init! exitcode=0x[0-9a-f]\{8\}'
    echo ended >&3
    in_time 900 parent '^guest: ended with exit code [0-9]*.$'
    in_time 30 serving '^memory: .* in use.$'
    ended parent || :
    ended application || :
    kill "$(cat "$dir/serving.pid")"
    ended serving || :

    tr -d '\r' <"$dir/parent.log" | grep -E '^(ok|FAILED): ' || :
    passed=$((passed + $(grep -c '^ok: ' "$dir/parent.log" || :)))
    failed=$((failed + $(grep -c '^FAILED: ' "$dir/parent.log" || :)))
    check "the parent's script ended" "$(of parent 'guest: ended with exit code')" 0
    steps='encrypt decrypt generate_data_key generate_data_key_pair generate_random derive_shared_secret describe_key invalid_ciphertext'
    for step in $steps; do
        check "application in the enclave, AWS SDK for .NET: $step" "$(tr -d '\r' <"$dir/application.log" | grep -c -x "ok $step")" 1
    done
    # The supervisor is the enclave's init: its end is the kernel's, with the application's exit status.
    check 'the application ended well, and the enclave with it' "$(grep -c 'exitcode=0x00000000' "$dir/application.log")" 1
    echo
    echo "Enclave: ready $ready ms after QEMU's start; kernel and init took $(of serving init:) of them. $(of serving memory:)"
    [ "$failed" -eq 0 ] || show_logs
}
