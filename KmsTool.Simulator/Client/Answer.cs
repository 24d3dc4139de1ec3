using System.Buffers;
using System.Text;
using System.Text.Json;

namespace KmsTool.Simulator.Client;

/// <summary>Text for a shell from what KMS answered.</summary>
internal static class Answer
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true, NewLine = "\n" };

    /// <summary>The member at <paramref name="path"/>, such as <c>KeyMetadata.Arn</c>, strings without quotes; null if there is none.</summary>
    public static string? Select(byte[] json, string? path)
    {
        using var document = JsonDocument.Parse(json);
        JsonElement element = document.RootElement;
        foreach (string name in path?.Split('.') ?? [])
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
            {
                return null;
            }
        }

        return element.ValueKind == JsonValueKind.String ? element.GetString() : Format(element);
    }

    /// <summary>For example <c>NotFoundException: Key '…' does not exist</c>.</summary>
    public static string DescribeError(byte[] json)
    {
        string type = Select(json, "__type") ?? "an error of no type";
        return Select(json, "message") is { } message ? $"{type}: {message}" : type;
    }

    private static string Format(JsonElement element)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Indented))
        {
            element.WriteTo(writer);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
