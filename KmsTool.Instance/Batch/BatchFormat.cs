namespace KmsTool.Instance.Batch;

/// <summary>How the results of a batch are written, one a line.</summary>
internal enum BatchFormat
{
    /// <summary>The plaintext, which must be one line of printable text; empty for what failed.</summary>
    Text,

    /// <summary>The plaintext in base64; empty for what failed.</summary>
    Base64,

    /// <summary>An object with the line's number and the plaintext or the error.</summary>
    Json,
}
