using KmsTool.CommandLine;
using KmsTool.Protocol;

namespace KmsTool.Instance.Commands;

/// <summary>Writes a plaintext to stdout, as bytes all the way: no string is made of it.</summary>
internal static class PlaintextWriter
{
    /// <exception cref="CommandFailedException">Text was asked for and it is none.</exception>
    public static async Task WriteAsync(
        Stream output, SensitiveBytes plaintext, OutputFormat format, CancellationToken cancellationToken)
    {
        using SensitiveBytes formatted = Format(plaintext, format);
        await output.WriteAsync(formatted.Memory, cancellationToken);
        await output.FlushAsync(cancellationToken);
    }

    private static SensitiveBytes Format(SensitiveBytes plaintext, OutputFormat format) => format switch
    {
        OutputFormat.Raw => SensitiveBytes.CopyOf(plaintext.Span),
        OutputFormat.Base64 => SecretLine.Base64(""u8, plaintext.Span, "\n"u8),
        // The alphabet of base64 needs no escapes in JSON.
        OutputFormat.Json => SecretLine.Base64("{\"Plaintext\":\""u8, plaintext.Span, "\"}\n"u8),
        _ => FormatText(plaintext.Span),
    };

    private static SensitiveBytes FormatText(ReadOnlySpan<byte> text)
    {
        if (!PrintableText.Is(text))
        {
            throw new CommandFailedException(
                ExitCode.OperationFailed,
                "The plaintext was decrypted but is not printable UTF-8 text; use --output base64, json or raw.");
        }

        return SecretLine.Text(text);
    }
}
