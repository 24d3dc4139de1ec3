using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using KmsTool.CommandLine;
using KmsTool.Instance.Batch;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;

namespace KmsTool.Instance.Commands;

/// <summary>Makes the line that is written for a line that was read; no string is made of a plaintext.</summary>
internal sealed class BatchResultFormatter(OutputFormat format)
{
    // The output is not HTML: quotes and plus signs stay readable.
    private static readonly JsonWriterOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The result of a Decrypt that was carried out; the reply stays the caller's.</summary>
    public BatchResult Format(long line, DecryptResponse reply) => (reply.Plaintext, format) switch
    {
        (null, OutputFormat.Json) => Succeed(FormatWithheld(line, reply)),
        (null, _) => Fail(line, "the enclave is pinned (--reply) not to give the plaintext; --output json tells what it does give", code: null),
        ({ } plaintext, OutputFormat.Json) => Succeed(SecretLine.Base64(
            Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"Index\":{line},\"Plaintext\":\"")), plaintext.Span, "\"}\n"u8)),
        ({ } plaintext, OutputFormat.Base64) => Succeed(SecretLine.Base64(""u8, plaintext.Span, "\n"u8)),
        ({ } plaintext, _) when !PrintableText.IsOneLine(plaintext.Span) =>
            Fail(line, "the plaintext was decrypted but is not a single line of printable UTF-8 text; use --output base64 or json", code: null),
        ({ } plaintext, _) => Succeed(SecretLine.Text(plaintext.Span)),
    };

    /// <param name="line">Its number.</param>
    /// <param name="reason">What went wrong, in words that are fit for a terminal.</param>
    /// <param name="code">The error's machine-readable name; <see langword="null"/> if it has none.</param>
    public BatchResult Fail(long line, string reason, string? code)
    {
        if (format != OutputFormat.Json)
        {
            return new BatchResult(SensitiveBytes.CopyOf("\n"u8), true, string.Create(CultureInfo.InvariantCulture, $"line {line}: {reason}"));
        }

        return new BatchResult(FormatJson(line, json =>
        {
            json.WriteString("Error", reason);
            if (code is not null)
            {
                json.WriteString("Code", TerminalText.Neutralize(code));
            }
        }), true, null);
    }

    private static BatchResult Succeed(SensitiveBytes output) => new(output, Failed: false, Complaint: null);

    private static SensitiveBytes FormatWithheld(long line, DecryptResponse reply) => FormatJson(line, json =>
    {
        if (reply.Sha256 is { } digest)
        {
            json.WriteString("Sha256", TerminalText.Neutralize(digest));
        }

        json.WriteBoolean("Withheld", true);
    });

    /// <summary>For what is not secret.</summary>
    private static SensitiveBytes FormatJson(long line, Action<Utf8JsonWriter> writeMembers)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, JsonOptions))
        {
            json.WriteStartObject();
            json.WriteNumber("Index", line);
            writeMembers(json);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return SensitiveBytes.CopyOf(buffer.WrittenSpan);
    }
}
