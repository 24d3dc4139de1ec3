using System.Security.Cryptography;
using System.Text.Json;
using KmsTool.Protocol.Recipient;
using KmsTool.Simulator.Faults;
using KmsTool.Simulator.Iam;
using KmsTool.Simulator.Kms.Keys;

namespace KmsTool.Simulator.Kms.Attestation;

/// <summary>Writes the members of a response that depend on the recipient; faults make them wrong.</summary>
internal sealed class RecipientResponseWriter(AwsAccount account, FaultSwitches faults)
{
    private const int ManyChunks = 4;

    public void WriteKeyId(Utf8JsonWriter response, Recipient? recipient, KmsKey key) => response.WriteString(
        "KeyId", recipient is not null && faults[SimulatorFault.KmsWrongKeyId] ? account.KeyArn(Guid.NewGuid().ToString()) : key.Arn);

    /// <summary>Writes the plaintext or, for a recipient, CiphertextForRecipient in its place.</summary>
    /// <param name="response">The response's JSON object.</param>
    /// <param name="recipient">The reader; <see langword="null"/> for the caller.</param>
    /// <param name="name">The name of the plaintext's member, such as <c>PrivateKeyPlaintext</c>.</param>
    /// <param name="plaintext">The plaintext.</param>
    public void WritePlaintext(Utf8JsonWriter response, Recipient? recipient, string name, ReadOnlySpan<byte> plaintext)
    {
        if (recipient is null)
        {
            response.WriteBase64String(name, plaintext);
            return;
        }

        if (faults[SimulatorFault.KmsEmptyPlaintext])
        {
            plaintext = [];
        }

        if (faults[SimulatorFault.KmsPlaintextBeside])
        {
            response.WriteBase64String(name, plaintext);
        }
        else if (faults[SimulatorFault.KmsNullBeside])
        {
            response.WriteNull(name);
        }
        else if (faults[SimulatorFault.KmsEmptyBeside])
        {
            response.WriteString(name, "");
        }

        if (!faults[SimulatorFault.KmsMissingCiphertextForRecipient])
        {
            response.WriteBase64String("CiphertextForRecipient", Seal(recipient, plaintext));
        }
    }

    private ReadOnlySpan<byte> Seal(Recipient recipient, ReadOnlySpan<byte> plaintext)
    {
        // A SEQUENCE of one INTEGER.
        if (faults[SimulatorFault.KmsMalformedEnvelope])
        {
            return [0x30, 0x03, 0x02, 0x01, 0x02];
        }

        byte[] envelope = ChoosePublicKey(recipient).Seal(plaintext, ChooseShape());
        return faults[SimulatorFault.KmsTruncatedEnvelope] ? envelope.AsSpan(0, envelope.Length / 2) : envelope;
    }

    private RecipientPublicKey ChoosePublicKey(Recipient recipient)
    {
        if (!faults[SimulatorFault.KmsForeignEnvelope])
        {
            return recipient.PublicKey;
        }

        using var stranger = RSA.Create(2048);
        return RecipientPublicKey.Import(stranger.ExportSubjectPublicKeyInfo());
    }

    private RecipientEnvelopeShape ChooseShape()
    {
        if (faults[SimulatorFault.KmsChunkedEnvelope])
        {
            return RecipientEnvelopeShape.Constructed(ManyChunks);
        }
        // KMS itself sends one OCTET STRING in a constructed [0].
        return faults[SimulatorFault.KmsPrimitiveEnvelope] ? RecipientEnvelopeShape.Primitive : RecipientEnvelopeShape.Constructed(1);
    }
}
