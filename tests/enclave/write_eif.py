#!/usr/bin/env python3
"""Writes an enclave image file (EIF, version 4) of a kernel, its command line and ramdisks, signed if a key is given.

    write_eif.py OUT --kernel FILE --cmdline TEXT --ramdisk FILE [--ramdisk FILE] [--name TEXT] [--key PEM --certificate PEM]

The first ramdisk is the boot ramdisk (PCR1), the others hold the application (PCR2). For tests, which need an image
without Docker and nitro-cli; what it writes is checked by QEMU when it boots and by `kmstool-instance measure`.
Needs openssl to sign.
"""

import argparse
import datetime
import hashlib
import json
import pathlib
import struct
import subprocess
import zlib

KERNEL, CMDLINE, RAMDISK, SIGNATURE, METADATA = 1, 2, 3, 4, 5
HEADER_LENGTH = 548
SECTION_HEADER = struct.Struct(">HHQ")
MOST_SECTIONS = 32


def cbor_head(major, value):
    """The first bytes of a CBOR item (RFC 8949 section 3)."""
    if value < 24:
        return bytes([major << 5 | value])
    for extra, length in ((24, 1), (25, 2), (26, 4)):
        if value < 1 << 8 * length:
            return bytes([major << 5 | extra]) + value.to_bytes(length, "big")
    raise ValueError(f"{value} is too large")


def cbor(item):
    if isinstance(item, int):
        return cbor_head(0, item) if item >= 0 else cbor_head(1, -1 - item)
    if isinstance(item, bytes):
        return cbor_head(2, len(item)) + item
    if isinstance(item, str):
        return cbor_head(3, len(item.encode())) + item.encode()
    if isinstance(item, list):
        return cbor_head(4, len(item)) + b"".join(map(cbor, item))
    return cbor_head(5, len(item)) + b"".join(cbor(key) + cbor(value) for key, value in item.items())


def raw_signature(der):
    """r and s of an ECDSA signature in 48 bytes each, as COSE has them (RFC 9053 section 2.1)."""
    rest = der[3:] if der[1] & 0x80 else der[2:]
    numbers = []
    while rest:
        length = rest[1]
        numbers.append(int.from_bytes(rest[2:2 + length], "big").to_bytes(48, "big"))
        rest = rest[2 + length:]
    r, s = numbers
    return r + s


def signature_section(pcr0, key, certificate):
    """One COSE_Sign1 with ES384 over PCR0; bytes are arrays of numbers, as AWS's tools and QEMU have them."""
    protected = cbor({1: -35})
    payload = cbor({"register_index": 0, "register_value": list(pcr0)})
    signed = cbor(["Signature1", protected, b"", payload])
    der = subprocess.run(["openssl", "dgst", "-sha384", "-sign", key], input=signed, check=True, capture_output=True).stdout
    cose = cbor_head(6, 18) + cbor([protected, {}, payload, raw_signature(der)])
    return cbor([{"signing_certificate": list(pathlib.Path(certificate).read_bytes()), "signature": list(cose)}])


def metadata(name):
    """What nitro-cli describe-eif shows of an image."""
    return json.dumps({
        "ImageName": name,
        "ImageVersion": "1",
        "BuildMetadata": {
            "BuildTime": datetime.datetime.now(datetime.timezone.utc).isoformat(),
            "BuildTool": "write_eif.py",
            "BuildToolVersion": "1",
            "OperatingSystem": "Linux",
            "KernelVersion": "Debian",
        },
        "DockerInfo": {},
    }).encode()


def extended(*content):
    """A PCR that was zero before the hash of content was added to it."""
    return hashlib.sha384(bytes(48) + hashlib.sha384(b"".join(content)).digest()).digest()


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("out")
    arguments.add_argument("--kernel", required=True)
    arguments.add_argument("--cmdline", required=True)
    arguments.add_argument("--ramdisk", action="append", required=True)
    arguments.add_argument("--name", default="kmstool-enclave")
    arguments.add_argument("--key")
    arguments.add_argument("--certificate")
    given = arguments.parse_args()

    kernel = pathlib.Path(given.kernel).read_bytes()
    cmdline = given.cmdline.encode()
    ramdisks = [pathlib.Path(path).read_bytes() for path in given.ramdisk]
    sections = [(KERNEL, kernel), (CMDLINE, cmdline), (METADATA, metadata(given.name))]
    sections += [(RAMDISK, ramdisk) for ramdisk in ramdisks]
    if given.key:
        pcr0 = extended(kernel, cmdline, *ramdisks)
        sections.append((SIGNATURE, signature_section(pcr0, given.key, given.certificate)))

    body = [SECTION_HEADER.pack(kind, 0, len(content)) + content for kind, content in sections]
    sizes = [len(content) for _, content in sections]
    offsets = [HEADER_LENGTH + sum(map(len, body[:index])) for index in range(len(body))]
    unused = [0] * (MOST_SECTIONS - len(sections))
    header = struct.pack(">4sHHQQHH", b".eif", 4, 0, 512 << 20, 1, 0, len(sections))
    header += struct.pack(">64Q", *offsets, *unused, *sizes, *unused) + bytes(4)
    checksum = zlib.crc32(header)
    for part in body:
        checksum = zlib.crc32(part, checksum)
    with open(given.out, "wb") as image:
        image.write(header + struct.pack(">I", checksum))
        image.writelines(body)


if __name__ == "__main__":
    main()
