#!/bin/bash
# Puts together what it takes to boot enclaves on a machine without Nitro, all of it from Debian: QEMU with its
# nitro-enclave machine (which Debian's own package lacks), the vsock between virtual machines, a kernel with the drivers.
#
#   tests/enclave/prepare.sh LAB
#
# Needs root on Debian 12 or later, to install compilers and libraries; everything else stays under LAB, which is made anew
# unless it is complete. About 130 MB of downloads and 3 minutes on two cores, nearly all of it for QEMU.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "${1:?the directory to put it in}"
lab=$(cd "$1" && pwd)
tools='bison flex gcc libc6-dev libcbor-dev libfdt-dev libglib2.0-dev libgnutls28-dev ninja-build pkg-config python3 python3-venv zlib1g-dev'
tools+=' cpio dpkg-dev openssl xz-utils'

log=$(mktemp)
trap 'rm -f "$log"' EXIT

say() {
    printf 'prepare: %s\n' "$1"
}

# quietly WHAT COMMAND...: its output only when it fails.
quietly() {
    local what=$1
    shift
    "$@" >"$log" 2>&1 || { cat "$log" >&2; say "failed: $what" >&2; exit 1; }
}

missing=
for package in $tools; do
    [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=" $package"
done
if [ -n "$missing" ]; then
    ((EUID == 0)) || { say "needs root, or these Debian packages:$missing" >&2; exit 1; }
    say "installing$missing"
    quietly 'apt-get update' apt-get -q update
    # shellcheck disable=SC2086 # words
    quietly 'apt-get install' env DEBIAN_FRONTEND=noninteractive apt-get -q install --yes --no-install-recommends $missing
fi

# What the result depends on: another system or another script is another lab.
stamp=$lab/complete
state=$(cat /etc/os-release "$here"/{prepare.sh,no-host-vsock.c,tsc-khz.c} | sha256sum)
if [ "$(cat "$stamp" 2>/dev/null)" = "$state" ]; then
    exit 0
fi
rm -rf "$lab"
mkdir -p "$lab"/{apt/lists/partial,apt/archives/partial,debs,packages,bin,firmware,modules}

# Other suites of the Debian mirror that the machine uses, without a change to the machine: 6.12 is the first kernel with
# the NSM driver, QEMU 10.0 fits it, and vhost-device-vsock is in no release yet.
debian_mirror() {
    # shellcheck disable=SC2016 # apt's own variable
    apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | sed -n 1p
}
mirror=$(debian_mirror)
if [ -z "$mirror" ]; then
    quietly 'apt-get update' apt-get -q update
    mirror=$(debian_mirror)
fi
: "${mirror:?no Debian mirror among the sources of apt}"
signed='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
cat >"$lab/apt/sources.list" <<SOURCES
deb $signed $mirror bookworm-backports main
deb $signed $mirror bookworm main
deb $signed $mirror sid main
deb-src $signed $mirror trixie main
SOURCES
cat >"$lab/apt/apt.conf" <<CONF
Dir::Etc::SourceList "$lab/apt/sources.list";
Dir::Etc::SourceParts "-";
Dir::State::Lists "$lab/apt/lists";
Dir::Cache "$lab/apt";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::Retries "3";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
APT::Get::AllowUnauthenticated "false";
APT::Update::Error-Mode "any";
APT::Sandbox::User "root";
CONF
export APT_CONFIG=$lab/apt/apt.conf

say 'downloading'
quietly 'apt-get update for other suites' apt-get -q update
# The metapackage names the kernel of the day.
kernel=$(apt-cache show linux-image-cloud-amd64/bookworm-backports 2>/dev/null |
    sed -n 's/^Depends: \(linux-image-6\.[^ ,]*-cloud-amd64\).*/\1/p' | sed -n 1p)
cd "$lab/debs"
quietly 'apt-get download' apt-get -q download "${kernel:?no kernel in bookworm-backports}/bookworm-backports" \
    busybox-static/bookworm meson/bookworm-backports qemu-system-data/bookworm-backports seabios/bookworm-backports vhost-device-vsock/sid
quietly 'apt-get source' apt-get -q source --download-only qemu/trixie
for package in *.deb; do
    dpkg-deb --extract "$package" "$lab/packages"
done
packages=$lab/packages
quietly 'unpacking QEMU' dpkg-source --no-check --extract ./*.dsc "$lab/qemu"

cp "$packages"/boot/vmlinuz-* "$lab/vmlinuz"
cp "$packages/bin/busybox" "$lab/bin"
cp "$packages/usr/bin/vhost-device-vsock" "$lab/bin"
cp "$packages/usr/share/seabios/bios-microvm.bin" "$packages/usr/share/qemu/linuxboot_dma.bin" "$lab/firmware"
for module in virtio_mmio vsock vmw_vsock_virtio_transport_common vmw_vsock_virtio_transport vsock_loopback nsm; do
    xz --decompress --stdout "$(find "$packages/lib/modules" -name "$module.ko.xz")" >"$lab/modules/$module.ko"
done
for program in no-host-vsock tsc-khz; do
    gcc -O2 -Wall -Wextra -Werror -o "$lab/bin/$program" "$here/$program.c"
done

say 'building QEMU'
# Debian's meson by its path, since the one of Debian 12 is too old. pycotap is for QEMU's own tests only.
export PYTHONPATH=$packages/usr/lib/python3/dist-packages
sed -i '/pycotap/d' "$lab/qemu/pythondeps.toml"
echo CONFIG_NITRO_ENCLAVE=y >"$lab/qemu/configs/devices/x86_64-softmmu/kmstool.mak"
mkdir "$lab/build"
cd "$lab/build"
quietly 'configure of QEMU' ../qemu/configure --python=/usr/bin/python3 --target-list=x86_64-softmmu \
    --without-default-features --without-default-devices --with-devices-x86_64=kmstool \
    --enable-system --enable-tcg --enable-libcbor --enable-gnutls --enable-vhost-user --enable-fdt=system \
    --disable-docs --disable-tools --disable-werror --disable-debug-info --disable-rust --disable-install-blobs --disable-download
quietly 'build of QEMU' ninja qemu-system-x86_64
strip -o "$lab/bin/qemu-system-x86_64" qemu-system-x86_64

# Half a gigabyte that nothing needs any more.
cd "$lab"
rm -rf apt build debs packages qemu qemu_*
echo "$state" >"$stamp"
say "complete: $("$lab/bin/qemu-system-x86_64" --version | head -n 1), $kernel"
