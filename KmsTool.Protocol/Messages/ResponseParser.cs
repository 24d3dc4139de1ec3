using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace KmsTool.Protocol.Messages;

/// <summary>
/// Reads a response: one JSON object with a Status, each member at most once, and nothing after it. Members that are not known
/// are skipped, so that enclaves may say more in future.
/// </summary>
internal static class ResponseParser
{
    // A response is nearly flat; unknown members may nest a little.
    private const int MaxDepth = 8;

    /// <param name="message">The message without its NUL.</param>
    /// <param name="content">What the operation returns; <see langword="null"/> for nothing.</param>
    /// <exception cref="JsonException">Not a response to that operation. The message quotes nothing of the content.</exception>
    public static ParsedResponse Parse(ReadOnlySpan<byte> message, JsonTypeInfo? content)
    {
        try
        {
            ParsedResponse response = ReadStatus(message);
            if (response is not ParsedResponse.Done || content is null)
            {
                return response;
            }

            var success = (EnclaveResponse)JsonSerializer.Deserialize(message, content)!;
            Expect(success is not (SecretResponse { IsWhole: false } or DescribeResponse { IsWhole: false }));
            return new ParsedResponse.Done(success);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Both may quote the content, so neither travels on.
            throw new JsonException("The message is not a response.");
        }
    }

    private static ParsedResponse ReadStatus(ReadOnlySpan<byte> message)
    {
        SensitiveBytes? text = null;
        try
        {
            bool? isOk = null;
            bool messageSeen = false;
            bool codeSeen = false;
            string? code = null;
            var json = new Utf8JsonReader(message, new JsonReaderOptions { MaxDepth = MaxDepth });
            Expect(json.Read() && json.TokenType == JsonTokenType.StartObject);
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals("Status"u8))
                {
                    Expect(isOk is null && json.Read() && json.TokenType == JsonTokenType.String);
                    isOk = json.ValueTextEquals("Ok"u8);
                    Expect(isOk.Value || json.ValueTextEquals("Error"u8));
                }
                else if (json.ValueTextEquals("Message"u8))
                {
                    Expect(!messageSeen && json.Read());
                    messageSeen = true;
                    // Before the Status it is not known whether this is a plaintext.
                    text = ReadText(ref json);
                }
                else if (json.ValueTextEquals("Code"u8))
                {
                    Expect(!codeSeen && json.Read());
                    codeSeen = true;
                    using SensitiveBytes? read = ReadText(ref json);
                    code = ToText(read);
                }
                else
                {
                    Expect(json.Read() && json.TrySkip());
                }
            }

            // The reader refuses what follows the object, but only when it is asked to read on.
            Expect(json.TokenType == JsonTokenType.EndObject && json.CurrentDepth == 0 && !json.Read());
            return (isOk ?? throw new JsonException()) ? new ParsedResponse.Done(null) : new ParsedResponse.Refused(ToText(text), code);
        }
        finally
        {
            text?.Dispose();
        }
    }

    private static SensitiveBytes? ReadText(ref Utf8JsonReader json)
    {
        if (json.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        Expect(json.TokenType == JsonTokenType.String);
        return SensitiveTextConverter.Read(ref json);
    }

    private static string? ToText(SensitiveBytes? text) => text is null ? null : Encoding.UTF8.GetString(text.Span);

    private static void Expect(bool condition)
    {
        if (!condition)
        {
            throw new JsonException();
        }
    }
}

/// <summary>One response of an enclave, decoded.</summary>
internal abstract record ParsedResponse
{
    private ParsedResponse()
    {
    }

    /// <summary>The command was carried out.</summary>
    /// <param name="Content">What the operation returns; the receiver owns it. <see langword="null"/> for an operation that returns nothing.</param>
    public sealed record Done(EnclaveResponse? Content) : ParsedResponse;

    /// <summary>The command was refused.</summary>
    /// <param name="Message">The text as the enclave wrote it: neutralize it before it is printed.</param>
    /// <param name="Code">An extension, which the AWS sample does not send. Neutralize it, too.</param>
    public sealed record Refused(string? Message, string? Code) : ParsedResponse;
}
