// The SDK for JavaScript v3; README.md has the arguments.

import { InvalidCiphertextException, KMS, KMSServiceException } from "@aws-sdk/client-kms";

const [keyId, agreementKeyId, peerPublicKey, mode] = process.argv.slice(2);
const [where, denied] = mode.split("-");

// The version in package.json knows AWS_ENDPOINT_URL_KMS.
const kms = where === "code" ? new KMS({ endpoint: process.env.AWS_KMS_ENDPOINT }) : new KMS();

function check(step, holds) {
  if (!holds) throw new Error(`FAILED ${step}`);
  console.log(`ok ${step}`);
}

function equal(left, right) {
  return Buffer.compare(left, right) === 0;
}

/** The error that KMS answers a decryption with. */
async function refusal(ciphertext) {
  try {
    await kms.decrypt({ CiphertextBlob: ciphertext });
  } catch (error) {
    return error;
  }
  throw new Error("FAILED: not refused");
}

async function run() {
  const plaintext = Buffer.from("attested");
  const encrypted = await kms.encrypt({ KeyId: keyId, Plaintext: plaintext });
  check("encrypt", encrypted.CiphertextBlob.length > 0);

  const decrypted = await kms.decrypt({ CiphertextBlob: encrypted.CiphertextBlob });
  check("decrypt", equal(decrypted.Plaintext, plaintext) && decrypted.KeyId === keyId);

  const dataKey = await kms.generateDataKey({ KeyId: keyId, KeySpec: "AES_256" });
  const decryptedKey = await kms.decrypt({ CiphertextBlob: dataKey.CiphertextBlob });
  check("generate_data_key", dataKey.Plaintext.length === 32 && equal(decryptedKey.Plaintext, dataKey.Plaintext));

  const pair = await kms.generateDataKeyPair({ KeyId: keyId, KeyPairSpec: "RSA_2048" });
  const privateKey = await kms.decrypt({ CiphertextBlob: pair.PrivateKeyCiphertextBlob });
  check("generate_data_key_pair", pair.PublicKey.length > 0 && equal(privateKey.Plaintext, pair.PrivateKeyPlaintext));

  const first = await kms.generateRandom({ NumberOfBytes: 32 });
  const second = await kms.generateRandom({ NumberOfBytes: 32 });
  check("generate_random", first.Plaintext.length === 32 && second.Plaintext.length === 32
    && !equal(first.Plaintext, second.Plaintext));

  const derived = await kms.deriveSharedSecret({
    KeyId: agreementKeyId,
    KeyAgreementAlgorithm: "ECDH",
    PublicKey: Buffer.from(peerPublicKey, "base64"),
  });
  check("derive_shared_secret", equal(derived.SharedSecret, Buffer.from(process.env.SHARED_SECRET, "base64")));

  const described = await kms.describeKey({ KeyId: keyId });
  check("describe_key", described.KeyMetadata.Arn === keyId);

  const error = await refusal(Buffer.from("garbage"));
  check("invalid_ciphertext", error instanceof InvalidCiphertextException && error.$metadata.requestId);
}

async function runDenied() {
  // No operation's model names this error: the SDK gives it its name and the service's base class.
  const error = await refusal(Buffer.from(process.env.CIPHERTEXT, "base64"));
  check("denied", error instanceof KMSServiceException && error.name === "AccessDeniedException"
    && error.$metadata.requestId);
}

await (denied ? runDenied() : run());
