using System.Text;
using System.Text.Json;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;

namespace KmsTool.Instance.Client;

/// <summary>
/// Reads a reply: one JSON object with a Status, at most one each of Message and Code, and nothing after it. Members that
/// are not known are skipped, so that enclaves may say more in future.
/// </summary>
internal static class ReplyParser
{
    // A reply is flat; unknown members may nest a little.
    private const int MaxDepth = 8;

    /// <exception cref="JsonException">Not a reply. The text tells nothing of the content.</exception>
    public static EnclaveReply Parse(ReadOnlySpan<byte> message)
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
                    text = ReadText(ref json);
                }
                else if (json.ValueTextEquals("Code"u8))
                {
                    Expect(!codeSeen && json.Read());
                    codeSeen = true;
                    code = ToText(ReadText(ref json));
                }
                else
                {
                    Expect(json.Read() && json.TrySkip());
                }
            }

            // The reader refuses what follows the object, but only when it is asked to read on.
            Expect(json.TokenType == JsonTokenType.EndObject && json.CurrentDepth == 0 && !json.Read());
            return (isOk ?? throw new JsonException())
                ? new EnclaveReply { IsOk = true, Result = text }
                : new EnclaveReply { IsOk = false, ErrorMessage = ToText(text), ErrorCode = code };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Both may quote the content, so neither travels on.
            text?.Dispose();
            throw new JsonException("The message is not a reply.");
        }
    }

    private static SensitiveBytes? ReadText(ref Utf8JsonReader json)
    {
        if (json.TokenType == JsonTokenType.Null)
            return null;

        Expect(json.TokenType == JsonTokenType.String);
        return SensitiveTextConverter.Read(ref json);
    }

    private static string? ToText(SensitiveBytes? text)
    {
        using (text)
            return text is null ? null : Encoding.UTF8.GetString(text.Span);
    }

    private static void Expect(bool condition)
    {
        if (!condition)
            throw new JsonException();
    }
}
