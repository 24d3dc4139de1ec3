#!/usr/bin/python3
"""boto3; README.md has the arguments."""

import base64
import os
import sys

import boto3
import botocore

key_id, agreement_key_id, peer_public_key, mode = sys.argv[1:]
where, _, denied = mode.partition("-")
botocore_version = tuple(int(number) for number in botocore.__version__.split(".")[:2])

if where == "environment" and botocore_version < (1, 31):
    print("skip environment: this SDK does not know AWS_ENDPOINT_URL_KMS")
    sys.exit()

# boto3 takes the Region from AWS_DEFAULT_REGION and does not read AWS_REGION.
region = os.environ["AWS_REGION"]
if where == "code":
    kms = boto3.client("kms", region_name=region, endpoint_url=os.environ["AWS_KMS_ENDPOINT"])
else:
    kms = boto3.client("kms", region_name=region)


def check(step, holds):
    if not holds:
        sys.exit(f"FAILED {step}")
    print(f"ok {step}", flush=True)


def refusal(error_type, ciphertext):
    """The error of that type that KMS answers a decryption with."""
    try:
        kms.decrypt(CiphertextBlob=ciphertext)
    except error_type as error:
        return error.response
    sys.exit(f"FAILED: no {error_type.__name__}")


if denied:
    error = refusal(kms.exceptions.ClientError, base64.b64decode(os.environ["CIPHERTEXT"]))
    # No operation's model names this error, so that botocore has no class of its own for it.
    check("denied", error["Error"]["Code"] == "AccessDeniedException" and error["ResponseMetadata"]["RequestId"])
    sys.exit()

ciphertext = kms.encrypt(KeyId=key_id, Plaintext=b"attested")["CiphertextBlob"]
check("encrypt", ciphertext)

answer = kms.decrypt(CiphertextBlob=ciphertext)
check("decrypt", answer["Plaintext"] == b"attested" and answer["KeyId"] == key_id)

data_key = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
decrypted = kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"])["Plaintext"]
check("generate_data_key", len(data_key["Plaintext"]) == 32 and decrypted == data_key["Plaintext"])

pair = kms.generate_data_key_pair(KeyId=key_id, KeyPairSpec="RSA_2048")
decrypted = kms.decrypt(CiphertextBlob=pair["PrivateKeyCiphertextBlob"])["Plaintext"]
check("generate_data_key_pair", pair["PublicKey"] and decrypted == pair["PrivateKeyPlaintext"])

first, second = (kms.generate_random(NumberOfBytes=32)["Plaintext"] for _ in range(2))
check("generate_random", len(first) == len(second) == 32 and first != second)

if hasattr(kms, "derive_shared_secret"):
    secret = kms.derive_shared_secret(
        KeyId=agreement_key_id, KeyAgreementAlgorithm="ECDH", PublicKey=base64.b64decode(peer_public_key)
    )["SharedSecret"]
    check("derive_shared_secret", secret == base64.b64decode(os.environ["SHARED_SECRET"]))
else:
    print("skip derive_shared_secret: not in this SDK")

check("describe_key", kms.describe_key(KeyId=key_id)["KeyMetadata"]["Arn"] == key_id)

error = refusal(kms.exceptions.InvalidCiphertextException, b"garbage")
check("invalid_ciphertext", error["ResponseMetadata"]["RequestId"])
