namespace KmsTool.Instance.Commands;

/// <summary>What a file or stdin holds.</summary>
internal enum CiphertextFormat
{
    /// <summary>Base64 text, as <c>aws kms encrypt --query CiphertextBlob --output text</c> prints it.</summary>
    Base64,

    /// <summary>The ciphertext's bytes.</summary>
    Raw,
}
