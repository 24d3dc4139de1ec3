namespace KmsTool.Protocol.Messages;

/// <summary>
/// The texts with which <see cref="Reply.Message"/> starts: the original kmstool's, and for what it has not, texts of the
/// same form.
/// </summary>
internal static class ErrorTexts
{
    public const string NotJson = "Error reading JSON object";
    public const string NotAnObject = "JSON is wrong type";
    public const string NoOperation = "JSON structure incomplete";
    public const string Busy = "Enclave is busy";
    public const string OperationNotText = "Operation is wrong type";
    public const string UnknownOperation = "Operation not recognized";
    public const string ClientNotInitialized = "Client not initialized";
    public const string NoCredentials = "Could not read credentials";
    public const string RegionConflict = "Could not set region correctly, check configuration.";
    public const string NoClient = "Could not create new client";
    public const string NoCiphertext = "Message does not contain a Ciphertext";
    public const string CiphertextNotBase64 = "Ciphertext not a base64 string";
    public const string NotDecrypted = "Could not decrypt ciphertext";

    /// <summary>Gets the whole text for an operation that was understood and failed.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="code">The machine's name of the reason.</param>
    /// <param name="reason">The reason; may be empty, as KMS's message is for some of its errors.</param>
    public static string Failed(string operation, string code, string reason) =>
        reason.Length > 0 ? $"{Failed(operation)}: {code}: {reason}" : $"{Failed(operation)}: {code}";

    /// <summary>Gets the text with which the one for an operation that was understood and failed starts.</summary>
    public static string Failed(string operation) => operation switch
    {
        SetClientCommand.Name => NoClient,
        DecryptCommand.Name => NotDecrypted,
        GenerateDataKeyCommand.Name => "Could not generate data key",
        GenerateDataKeyPairCommand.Name => "Could not generate data key pair",
        GenerateRandomCommand.Name => "Could not generate random",
        DeriveSharedSecretCommand.Name => "Could not derive shared secret",
        AttestCommand.Name => "Could not attest",
        DescribeCommand.Name => "Could not describe",
        PushCredentialsCommand.Name => "Could not take credentials",
        _ => UnknownOperation,
    };
}
