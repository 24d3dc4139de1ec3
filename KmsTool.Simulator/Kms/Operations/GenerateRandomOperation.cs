using System.Security.Cryptography;
using System.Text.Json;
using KmsTool.Protocol;
using KmsTool.Simulator.Kms.Attestation;

namespace KmsTool.Simulator.Kms.Operations;

/// <summary>Makes random bytes; no key is concerned, so that only IAM policies can allow or deny it.</summary>
internal sealed class GenerateRandomOperation(RecipientReader recipients, RecipientResponseWriter recipientResponse) : IKmsOperation
{
    private const int MaxLength = 1024;

    public string Name => "GenerateRandom";

    public void Execute(KmsCall call, Utf8JsonWriter response)
    {
        KmsParameters parameters = call.Parameters;
        int length = parameters.ReadInteger("NumberOfBytes", 1, MaxLength) ?? throw KmsParameters.Missing("NumberOfBytes");
        string? keyStoreId = parameters.ReadString("CustomKeyStoreId", 1, 64);
        Recipient? recipient = recipients.Read(parameters);
        KmsAuthorizer.AuthorizeByIam(call.Principal, "kms:GenerateRandom");
        if (keyStoreId is not null)
        {
            throw new KmsException("CustomKeyStoreNotFoundException", "The simulator has no custom key stores.");
        }

        using var random = SensitiveBytes.Allocate(length);
        RandomNumberGenerator.Fill(random.WritableSpan);
        recipientResponse.WritePlaintext(response, recipient, "Plaintext", random.Span);
    }
}
