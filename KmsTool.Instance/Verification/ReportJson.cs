using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using KmsTool.Protocol.Attestation;

namespace KmsTool.Instance.Verification;

/// <summary>The outcome of a verification for programs: what the document says, or the rule that it breaks.</summary>
internal static class ReportJson
{
    /// <param name="verdict">The outcome.</param>
    /// <param name="root">What was verified against.</param>
    /// <param name="at">As of when.</param>
    /// <param name="cose">The document itself, where it is to be in the report.</param>
    public static string Format(AttestationVerdict verdict, TrustedRoot root, DateTimeOffset at, ReadOnlyMemory<byte>? cose)
    {
        var buffer = new ArrayBufferWriter<byte>();
        // The default encoder: names in a document may hold what changes a terminal.
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteBoolean("Valid", verdict.IsValid);
            json.WriteString("At", SignerCertificate.Iso8601(at));
            json.WriteString("Root", root.Name);
            json.WriteBoolean("AwsRoot", root.IsAws);
            if (verdict.Document is { } document)
            {
                Write(json, document);
            }
            else
            {
                json.WriteString("Failure", verdict.Failure.ToString());
                json.WriteString("Reason", verdict.Reason);
            }

            if (cose is { } bytes)
            {
                json.WriteBase64String("Document", bytes.Span);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }

    private static void Write(Utf8JsonWriter json, AttestationDocument document)
    {
        json.WriteString("ModuleId", document.ModuleId);
        json.WriteString("Timestamp", SignerCertificate.Iso8601(document.Timestamp));
        json.WriteString("Digest", document.Digest);
        json.WriteBoolean("DebugMode", document.IsDebug);
        json.WriteStartObject("Pcrs");
        foreach ((int index, ReadOnlyMemory<byte> value) in document.Pcrs.OrderBy(pcr => pcr.Key))
        {
            json.WriteString(index.ToString(CultureInfo.InvariantCulture), Convert.ToHexStringLower(value.Span));
        }

        json.WriteEndObject();
        json.WriteString("Nonce", HexOrNull(document.Nonce));
        json.WriteString("UserData", HexOrNull(document.UserData));
        if (document.PublicKey is { } key)
        {
            json.WriteBase64String("PublicKey", key.Span);
        }
        else
        {
            json.WriteNull("PublicKey");
        }

        var signer = SignerCertificate.Of(document);
        json.WriteStartObject("Certificate");
        json.WriteString("Subject", signer.Subject);
        json.WriteString("NotBefore", SignerCertificate.Iso8601(signer.NotBefore));
        json.WriteString("NotAfter", SignerCertificate.Iso8601(signer.NotAfter));
        json.WriteEndObject();
    }

    private static string? HexOrNull(ReadOnlyMemory<byte>? bytes) => bytes is { } value ? Convert.ToHexStringLower(value.Span) : null;
}
