namespace KmsTool.Instance.Verification;

/// <summary>How the outcome of a verification is printed.</summary>
internal enum ReportFormat
{
    /// <summary>Not at all; only the exit code and stderr tell.</summary>
    None,

    /// <summary>A line for each thing that the document says.</summary>
    Text,

    /// <summary>One JSON object, with the reason where the document is not valid.</summary>
    Json,
}
