using KmsTool.CommandLine;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;

namespace KmsTool.Instance.Commands;

/// <summary>Prints what KMS gave, or what the enclave is pinned to tell of it.</summary>
internal static class SecretPrinter
{
    /// <param name="reply">The whole reply, for JSON.</param>
    /// <param name="secret">The secret, for all other formats.</param>
    /// <param name="format">How.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CommandFailedException">It cannot be written, or is withheld, or is not printable although text was asked for.</exception>
    public static async Task PrintAsync(SecretResponse reply, SensitiveBytes? secret, OutputFormat format, CancellationToken cancellationToken)
    {
        if (reply.Withheld == true)
        {
            const string Withheld = "KMS carried it out, but the enclave is pinned (--reply) not to give the result";
            // In any other format what stands in its place would pass for it.
            if (format != OutputFormat.Json)
            {
                throw new CommandFailedException(ExitCode.OperationFailed, Withheld + "; --output json prints what it tells in its place.");
            }

            await Console.Error.WriteLineAsync(Withheld + ".");
        }

        await StandardOutput.WriteAsync(
            output => secret is null || format == OutputFormat.Json
                ? ReplyWriter.WriteAsync(output, reply, indented: false, cancellationToken)
                : PlaintextWriter.WriteAsync(output, secret, format, cancellationToken),
            cancellationToken);
    }
}

/// <summary>Writes a plaintext to stdout, as bytes all the way: no string is made of it.</summary>
internal static class PlaintextWriter
{
    /// <exception cref="CommandFailedException">Text was asked for and the plaintext is not printable.</exception>
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

/// <summary>How the plaintext is written to stdout.</summary>
internal enum OutputFormat
{
    /// <summary>UTF-8 text and a newline; refused if it is not printable text.</summary>
    Text,

    /// <summary>Base64 and a newline.</summary>
    Base64,

    /// <summary>One JSON object and a newline.</summary>
    Json,

    /// <summary>The bytes, nothing else.</summary>
    Raw,
}
