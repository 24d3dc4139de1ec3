// AWSSDK for .NET; ../README.md has the arguments.

using System.Text;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;

(string keyId, string agreementKeyId, string peerPublicKey, string mode) = (args[0], args[1], args[2], args[3]);
bool isDenied = mode.EndsWith("-denied", StringComparison.Ordinal);

// The version in Directory.Packages.props knows AWS_ENDPOINT_URL_KMS.
using AmazonKeyManagementServiceClient kms = mode.StartsWith("code", StringComparison.Ordinal)
    ? new AmazonKeyManagementServiceClient(new AmazonKeyManagementServiceConfig
    {
        ServiceURL = Variable("AWS_KMS_ENDPOINT"),
        AuthenticationRegion = Variable("AWS_REGION"),
    })
    : new AmazonKeyManagementServiceClient();

if (isDenied)
{
    // No operation's model names this error: the SDK has no class of its own for it.
    AmazonKeyManagementServiceException denied =
        await RefusalAsync<AmazonKeyManagementServiceException>(Convert.FromBase64String(Variable("CIPHERTEXT")));
    Check("denied", denied.ErrorCode == "AccessDeniedException" && denied.RequestId.Length > 0);
    return;
}

byte[] plaintext = Encoding.UTF8.GetBytes("attested");
EncryptResponse encrypted = await kms.EncryptAsync(new EncryptRequest { KeyId = keyId, Plaintext = new MemoryStream(plaintext) });
Check("encrypt", encrypted.CiphertextBlob.Length > 0);

DecryptResponse decrypted = await DecryptAsync(encrypted.CiphertextBlob);
Check("decrypt", AreEqual(decrypted.Plaintext, plaintext) && decrypted.KeyId == keyId);

GenerateDataKeyResponse dataKey = await kms.GenerateDataKeyAsync(
    new GenerateDataKeyRequest { KeyId = keyId, KeySpec = DataKeySpec.AES_256 });
decrypted = await DecryptAsync(dataKey.CiphertextBlob);
Check("generate_data_key", dataKey.Plaintext.Length == 32 && AreEqual(decrypted.Plaintext, dataKey.Plaintext.ToArray()));

GenerateDataKeyPairResponse pair = await kms.GenerateDataKeyPairAsync(
    new GenerateDataKeyPairRequest { KeyId = keyId, KeyPairSpec = DataKeyPairSpec.RSA_2048 });
decrypted = await DecryptAsync(pair.PrivateKeyCiphertextBlob);
Check("generate_data_key_pair", pair.PublicKey.Length > 0 && AreEqual(decrypted.Plaintext, pair.PrivateKeyPlaintext.ToArray()));

GenerateRandomResponse first = await kms.GenerateRandomAsync(new GenerateRandomRequest { NumberOfBytes = 32 });
GenerateRandomResponse second = await kms.GenerateRandomAsync(new GenerateRandomRequest { NumberOfBytes = 32 });
Check(
    "generate_random",
    first.Plaintext.Length == 32 && second.Plaintext.Length == 32 && !AreEqual(first.Plaintext, second.Plaintext.ToArray()));

DeriveSharedSecretResponse derived = await kms.DeriveSharedSecretAsync(new DeriveSharedSecretRequest
{
    KeyId = agreementKeyId,
    KeyAgreementAlgorithm = KeyAgreementAlgorithmSpec.ECDH,
    PublicKey = new MemoryStream(Convert.FromBase64String(peerPublicKey)),
});
Check("derive_shared_secret", AreEqual(derived.SharedSecret, Convert.FromBase64String(Variable("SHARED_SECRET"))));

DescribeKeyResponse described = await kms.DescribeKeyAsync(new DescribeKeyRequest { KeyId = keyId });
Check("describe_key", described.KeyMetadata.Arn == keyId);

InvalidCiphertextException invalid = await RefusalAsync<InvalidCiphertextException>(Encoding.UTF8.GetBytes("garbage"));
Check("invalid_ciphertext", invalid.RequestId.Length > 0);

Task<DecryptResponse> DecryptAsync(MemoryStream ciphertext) =>
    kms.DecryptAsync(new DecryptRequest { CiphertextBlob = ciphertext });

// The error that KMS answers a decryption with.
async Task<TException> RefusalAsync<TException>(byte[] ciphertext)
    where TException : Exception
{
    try
    {
        await DecryptAsync(new MemoryStream(ciphertext));
    }
    catch (TException exception)
    {
        return exception;
    }

    throw new InvalidOperationException($"FAILED: no {typeof(TException).Name}");
}

static bool AreEqual(MemoryStream actual, byte[] expected) => actual.ToArray().AsSpan().SequenceEqual(expected);

static string Variable(string name) =>
    Environment.GetEnvironmentVariable(name) ?? throw new InvalidOperationException($"{name} is not set");

static void Check(string step, bool holds)
{
    if (!holds)
    {
        throw new InvalidOperationException($"FAILED {step}");
    }

    Console.WriteLine($"ok {step}");
}
