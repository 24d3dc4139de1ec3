namespace KmsTool.Enclave.Kms;

/// <summary>A pair that every encryption context must have.</summary>
/// <param name="Name">The name.</param>
/// <param name="Value">The value; <see langword="null"/> for any.</param>
internal sealed record RequiredContext(string Name, string? Value)
{
    /// <summary>Reads <c>NAME</c> or <c>NAME=VALUE</c>.</summary>
    /// <exception cref="FormatException">There is no name.</exception>
    public static RequiredContext Parse(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? text : text[..equals];
        return name.Length > 0
            ? new RequiredContext(name, equals < 0 ? null : text[(equals + 1)..])
            : throw new FormatException($"'{text}' has no name; write NAME or NAME=VALUE");
    }

    public bool IsMetBy(IReadOnlyDictionary<string, string>? context) =>
        context is not null && context.TryGetValue(Name, out string? value) && (Value is null || value == Value);

    public override string ToString() => Value is null ? Name : $"{Name}={Value}";
}
