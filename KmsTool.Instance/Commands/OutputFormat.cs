namespace KmsTool.Instance.Commands;

/// <summary>How the plaintext is written to stdout.</summary>
internal enum OutputFormat
{
    /// <summary>UTF-8 text and a newline; refused for what is no printable text.</summary>
    Text,

    /// <summary>Base64 and a newline.</summary>
    Base64,

    /// <summary>One JSON object and a newline.</summary>
    Json,

    /// <summary>The bytes, nothing else.</summary>
    Raw,
}
