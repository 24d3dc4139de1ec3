using System.Buffers;
using System.Text.Json;

namespace KmsTool.Simulator.Client;

/// <summary>Builds a request's JSON from arguments: <c>NAME=TEXT</c>, <c>NAME=@FILE</c> (text) and <c>NAME:=JSON</c>.</summary>
internal static class RequestMembers
{
    /// <exception cref="FormatException">An argument has no such form.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static byte[] Build(IEnumerable<string> arguments)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (string argument in arguments)
            {
                Write(json, argument);
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter json, string argument)
    {
        int equals = argument.IndexOf('=', StringComparison.Ordinal);
        bool isJson = equals > 0 && argument[equals - 1] == ':';
        string name = equals < 0 ? "" : argument[..(isJson ? equals - 1 : equals)];
        if (name.Length == 0)
        {
            throw new FormatException($"'{argument}' is not NAME=TEXT, NAME=@FILE or NAME:=JSON");
        }

        string value = argument[(equals + 1)..];
        json.WritePropertyName(name);
        if (isJson)
        {
            WriteJson(json, name, value);
        }
        else
        {
            json.WriteStringValue(value.StartsWith('@') ? File.ReadAllText(value[1..]) : value);
        }
    }

    private static void WriteJson(Utf8JsonWriter json, string name, string value)
    {
        try
        {
            using var document = JsonDocument.Parse(value);
            document.RootElement.WriteTo(json);
        }
        catch (JsonException)
        {
            throw new FormatException($"the value of {name} is not JSON; NAME=TEXT takes it as text");
        }
    }
}
