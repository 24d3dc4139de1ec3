using System.Buffers.Text;
using KmsTool.Cli;
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
        OutputFormat.Base64 => FormatBase64(""u8, plaintext.Span, "\n"u8),
        // The alphabet of base64 needs no escapes in JSON.
        OutputFormat.Json => FormatBase64("{\"Plaintext\":\""u8, plaintext.Span, "\"}\n"u8),
        _ => FormatText(plaintext.Span),
    };

    private static SensitiveBytes FormatBase64(ReadOnlySpan<byte> before, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> after)
    {
        int length = Base64.GetMaxEncodedToUtf8Length(bytes.Length);
        SensitiveBytes line = SensitiveBytes.Allocate(before.Length + length + after.Length);
        before.CopyTo(line.WritableSpan);
        Base64.EncodeToUtf8(bytes, line.WritableSpan[before.Length..], out _, out _);
        after.CopyTo(line.WritableSpan[(before.Length + length)..]);
        return line;
    }

    private static SensitiveBytes FormatText(ReadOnlySpan<byte> text)
    {
        if (!PrintableText.Is(text))
        {
            throw new CommandFailedException(
                ExitCode.OperationFailed,
                "The plaintext was decrypted but is no printable UTF-8 text; use --output base64, json or raw.");
        }

        SensitiveBytes line = SensitiveBytes.Allocate(text.Length + 1);
        text.CopyTo(line.WritableSpan);
        line.WritableSpan[^1] = (byte)'\n';
        return line;
    }
}
