using System.Text.Json;

namespace KmsTool.Instance.Commands;

/// <summary>
/// Writes the metadata of an image where <c>nitro-cli describe-eif</c> has them: name and version beside
/// <c>Metadata</c>, and in that the members of <c>BuildMetadata</c> and <c>CustomMetadata</c> beside those two, which are
/// kept as they stand in the image.
/// </summary>
internal static class ImageMetadataJson
{
    private const string BuildMetadata = "BuildMetadata";

    private static readonly string[] Identity = ["ImageName", "ImageVersion"];
    private static readonly string[] Build = ["BuildTime", "BuildTool", "BuildToolVersion", "OperatingSystem", "KernelVersion"];

    public static void Write(Utf8JsonWriter json, JsonElement metadata)
    {
        foreach (string name in Identity)
        {
            if (metadata.TryGetProperty(name, out JsonElement value))
            {
                WriteMember(json, name, value);
            }
        }

        json.WriteStartObject("Metadata");
        // A reader may take the first or the last of two members of one name, so there is one: what nitro-cli shows there.
        var written = new HashSet<string>(StringComparer.Ordinal);
        foreach (string name in Build)
        {
            if (TryGetObject(metadata, BuildMetadata, out JsonElement build) && build.TryGetProperty(name, out JsonElement value) && written.Add(name))
            {
                WriteMember(json, name, value);
            }
        }

        WriteMembers(json, metadata, written);
        if (TryGetObject(metadata, "CustomMetadata", out JsonElement custom))
        {
            WriteMembers(json, custom, written);
        }

        json.WriteEndObject();
    }

    private static void WriteMembers(Utf8JsonWriter json, JsonElement members, HashSet<string> written)
    {
        foreach (JsonProperty member in members.EnumerateObject())
        {
            if (written.Add(member.Name))
            {
                WriteMember(json, member.Name, member.Value);
            }
        }
    }

    private static void WriteMember(Utf8JsonWriter json, string name, JsonElement value)
    {
        json.WritePropertyName(name);
        value.WriteTo(json);
    }

    private static bool TryGetObject(JsonElement metadata, string name, out JsonElement value) =>
        metadata.TryGetProperty(name, out value) && value.ValueKind == JsonValueKind.Object;
}
