using System.Diagnostics;
using System.Text.Json;
using KmsTool.Protocol;
using KmsTool.Simulator.Kms.Attestation;
using KmsTool.Simulator.Kms.Keys;

namespace KmsTool.Simulator.Kms.Operations;

/// <summary>Derives the raw secret that a key of a NIST curve shares with a peer's key.</summary>
internal sealed class DeriveSharedSecretOperation(
    KeyStore keys, KmsAuthorizer authorizer, RecipientReader recipients, RecipientResponseWriter recipientResponse) : IKmsOperation
{
    private const int MaxPublicKeyLength = 8192;

    public string Name => "DeriveSharedSecret";

    public void Execute(KmsCall call, Utf8JsonWriter response)
    {
        KmsParameters parameters = call.Parameters;
        string keyId = parameters.ReadRequiredKeyId();
        string algorithm = parameters.ReadRequiredEnumerated("KeyAgreementAlgorithm", [KeySpec.EllipticCurve.Ecdh]);
        byte[] publicKey = parameters.ReadRequiredBytes("PublicKey", 1, MaxPublicKeyLength);
        parameters.CheckGrantTokens();
        Recipient? recipient = recipients.Read(parameters);

        KmsKey key = keys.Find(keyId);
        var use = new KeyUse("kms:DeriveSharedSecret") { Recipient = recipient, KeyAgreementAlgorithm = algorithm };
        authorizer.AuthorizeUse(call, key, use);
        key.RequireUsage(KeyUsage.KeyAgreement, Name);
        if (key.Material is not EllipticCurveMaterial pair)
        {
            throw new UnreachableException($"{key.Spec.Name} is not a curve");
        }

        using SensitiveBytes secret = pair.DeriveSharedSecret(publicKey);
        parameters.ThrowIfDryRun();
        recipientResponse.WriteKeyId(response, recipient, key);
        recipientResponse.WritePlaintext(response, recipient, "SharedSecret", secret.Span);
        response.WriteString("KeyAgreementAlgorithm", algorithm);
        response.WriteString("KeyOrigin", KeyStore.Origin);
    }
}
