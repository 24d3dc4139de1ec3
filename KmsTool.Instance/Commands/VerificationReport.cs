using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using KmsTool.Instance.Verification;
using KmsTool.Protocol.Attestation;

namespace KmsTool.Instance.Commands;

/// <summary>The outcome of a verification: what the document says, or the rule that it breaks.</summary>
internal static class VerificationReport
{
    /// <summary>What a valid document says, for people.</summary>
    /// <param name="document">The document.</param>
    /// <param name="root">The root that it was verified against.</param>
    /// <param name="at">The time as of which it was verified.</param>
    public static string FormatText(AttestationDocument document, TrustedRoot root, DateTimeOffset at)
    {
        var signer = SignerCertificate.Read(document);
        var report = new TextReport();
        report.Add("Valid", $"yes, as of {FormatTime(at)}");
        report.Add("Root", root.IsAws ? root.Name : $"{root.Name}, NOT AWS's");
        report.Add("Module", document.ModuleId);
        report.Add("Made", FormatTime(document.Timestamp));
        report.Add("Debug mode", document.IsDebug ? "YES: PCR0 measures no image, this proves nothing" : "no");
        report.Add("Digest", document.Digest);
        foreach ((int index, ReadOnlyMemory<byte> value) in document.Pcrs.OrderBy(pcr => pcr.Key))
        {
            report.AddHex(string.Create(CultureInfo.InvariantCulture, $"PCR{index}"), value.Span);
        }

        AddField(report, "Nonce", document.Nonce);
        AddField(report, "User data", document.UserData);
        report.Add("Public key", document.PublicKey switch
        {
            null => "none",
            { IsEmpty: true } => "empty",
            { } key => string.Create(CultureInfo.InvariantCulture, $"present, {key.Length} bytes"),
        });
        report.Add("Certificate", signer.Subject);
        report.Add("Certificate valid", $"{FormatTime(signer.NotBefore)} to {FormatTime(signer.NotAfter)}");
        return report.ToString();
    }

    /// <summary>The outcome for programs, as one JSON object.</summary>
    /// <param name="verdict">The outcome.</param>
    /// <param name="root">The root that it was verified against.</param>
    /// <param name="at">The time as of which it was verified.</param>
    /// <param name="cose">The document itself, to be included; <see langword="null"/> to leave it out.</param>
    public static string FormatJson(AttestationVerdict verdict, TrustedRoot root, DateTimeOffset at, ReadOnlyMemory<byte>? cose)
    {
        var buffer = new ArrayBufferWriter<byte>();
        // The default encoder: names in a document may hold what changes a terminal.
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteBoolean("Valid", verdict.IsValid);
            json.WriteString("At", FormatTime(at));
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
        json.WriteString("Timestamp", FormatTime(document.Timestamp));
        json.WriteString("Digest", document.Digest);
        json.WriteBoolean("DebugMode", document.IsDebug);
        json.WriteStartObject("Pcrs");
        foreach ((int index, ReadOnlyMemory<byte> value) in document.Pcrs.OrderBy(pcr => pcr.Key))
        {
            json.WriteString(index.ToString(CultureInfo.InvariantCulture), Convert.ToHexStringLower(value.Span));
        }

        json.WriteEndObject();
        json.WriteString("Nonce", FormatHex(document.Nonce));
        json.WriteString("UserData", FormatHex(document.UserData));
        if (document.PublicKey is { } key)
        {
            json.WriteBase64String("PublicKey", key.Span);
        }
        else
        {
            json.WriteNull("PublicKey");
        }

        var signer = SignerCertificate.Read(document);
        json.WriteStartObject("Certificate");
        json.WriteString("Subject", signer.Subject);
        json.WriteString("NotBefore", FormatTime(signer.NotBefore));
        json.WriteString("NotAfter", FormatTime(signer.NotAfter));
        json.WriteEndObject();
    }

    private static string? FormatHex(ReadOnlyMemory<byte>? bytes) => bytes is { } value ? Convert.ToHexStringLower(value.Span) : null;

    private static void AddField(TextReport report, string name, ReadOnlyMemory<byte>? bytes)
    {
        if (bytes is { IsEmpty: false } value)
        {
            report.AddHex(name, value.Span);
        }
        else
        {
            report.Add(name, bytes is null ? "none" : "empty");
        }
    }

    /// <summary>RFC 3339, UTC, with milliseconds where there are any.</summary>
    private static string FormatTime(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFF'Z'", CultureInfo.InvariantCulture);

    /// <summary>What the certificate of a valid document says of itself.</summary>
    private sealed record SignerCertificate(string Subject, DateTimeOffset NotBefore, DateTimeOffset NotAfter)
    {
        public static SignerCertificate Read(AttestationDocument document)
        {
            var certificate = AttestationCertificate.Parse(document.Certificate, "certificate");
            return new SignerCertificate(ReadSubject(certificate), certificate.NotBefore, certificate.NotAfter);
        }

        private static string ReadSubject(AttestationCertificate certificate)
        {
            try
            {
                return new X500DistinguishedName(certificate.SubjectName.Span).Name;
            }
            catch (CryptographicException)
            {
                // Names are compared byte for byte, so a valid chain may hold a name that cannot be read.
                return "unreadable";
            }
        }
    }
}
