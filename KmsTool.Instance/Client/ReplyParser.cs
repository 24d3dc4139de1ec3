using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;

namespace KmsTool.Instance.Client;

/// <summary>
/// Reads a reply: one JSON object with a Status, each member at most once, and nothing after it. Members that are not known
/// are skipped, so that enclaves may say more in future.
/// </summary>
internal static class ReplyParser
{
    // A reply is nearly flat; unknown members may nest a little.
    private const int MaxDepth = 8;

    /// <param name="message">The message without its NUL.</param>
    /// <param name="content">What the operation returns; <see langword="null"/> for nothing.</param>
    /// <exception cref="JsonException">Not a reply to that operation. The text tells nothing of the content.</exception>
    public static EnclaveReply Parse(ReadOnlySpan<byte> message, JsonTypeInfo? content)
    {
        try
        {
            EnclaveReply reply = ReadStatus(message);
            if (reply is not EnclaveReply.Done || content is null)
            {
                return reply;
            }

            var success = (SuccessReply)JsonSerializer.Deserialize(message, content)!;
            Expect(success is not (SecretReply { IsWhole: false } or DescribeReply { IsWhole: false }));
            return new EnclaveReply.Done(success);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Both may quote the content, so neither travels on.
            throw new JsonException("The message is not a reply.");
        }
    }

    private static EnclaveReply ReadStatus(ReadOnlySpan<byte> message)
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
            return (isOk ?? throw new JsonException()) ? new EnclaveReply.Done(null) : new EnclaveReply.Refused(ToText(text), code);
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
