using System.Text.Json;

namespace KmsTool.Enclave.Kms;

/// <summary>Reading members of KMS's answers.</summary>
internal static class JsonMembers
{
    /// <summary>The member's text; <see langword="null"/> where it is absent or no string.</summary>
    /// <exception cref="InvalidOperationException">It holds an invalid escape.</exception>
    public static string? Text(this JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;
}
