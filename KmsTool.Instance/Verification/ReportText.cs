using System.Globalization;
using System.Text;
using KmsTool.Protocol;
using KmsTool.Protocol.Attestation;

namespace KmsTool.Instance.Verification;

/// <summary>What a valid document says, for people.</summary>
internal static class ReportText
{
    public static string Format(AttestationDocument document, TrustedRoot root, DateTimeOffset at)
    {
        var signer = SignerCertificate.Of(document);
        var text = new StringBuilder();
        Line(text, "Valid", $"yes, as of {SignerCertificate.Iso8601(at)}");
        Line(text, "Root", root.IsAws ? root.Name : $"{root.Name}, NOT AWS's");
        Line(text, "Module", document.ModuleId);
        Line(text, "Made", SignerCertificate.Iso8601(document.Timestamp));
        Line(text, "Debug mode", document.IsDebug ? "YES: PCR0 measures no image, this proves nothing" : "no");
        Line(text, "Digest", document.Digest);
        foreach ((int index, ReadOnlyMemory<byte> value) in document.Pcrs.OrderBy(pcr => pcr.Key))
        {
            Line(text, string.Create(CultureInfo.InvariantCulture, $"PCR{index}"), Convert.ToHexStringLower(value.Span));
        }

        Line(text, "Nonce", HexOrNone(document.Nonce));
        Line(text, "User data", HexOrNone(document.UserData));
        Line(text, "Public key", document.PublicKey switch
        {
            null => "none",
            { IsEmpty: true } => "empty",
            { } key => string.Create(CultureInfo.InvariantCulture, $"present, {key.Length} bytes"),
        });
        Line(text, "Certificate", signer.Subject);
        Line(text, "Certificate valid", $"{SignerCertificate.Iso8601(signer.NotBefore)} to {SignerCertificate.Iso8601(signer.NotAfter)}");
        return text.ToString();
    }

    // Cut at no length: TerminalText would, and these are hexadecimal digits.
    private static string HexOrNone(ReadOnlyMemory<byte>? bytes) => bytes switch
    {
        null => "none",
        { IsEmpty: true } => "empty",
        { } value => Convert.ToHexStringLower(value.Span),
    };

    private static void Line(StringBuilder text, string name, string value)
    {
        bool isPlain = value.All(char.IsAsciiHexDigit);
        text.Append(CultureInfo.InvariantCulture, $"{name + ":",-20} {(isPlain ? value : TerminalText.Neutralize(value))}\n");
    }
}
