namespace KmsTool.Protocol.Messages;

/// <summary>The error texts of the original kmstool, with which <see cref="Reply.Message"/> starts.</summary>
internal static class ErrorTexts
{
    public const string NotJson = "Error reading JSON object";
    public const string NotAnObject = "JSON is wrong type";
    public const string NoOperation = "JSON structure incomplete";
    public const string OperationNotText = "Operation is wrong type";
    public const string UnknownOperation = "Operation not recognized";
    public const string ClientNotInitialized = "Client not initialized";
    public const string NoCredentials = "Could not read credentials";
    public const string RegionConflict = "Could not set region correctly, check configuration.";
    public const string NoClient = "Could not create new client";
    public const string NoCiphertext = "Message does not contain a Ciphertext";
    public const string CiphertextNotBase64 = "Ciphertext not a base64 string";
    public const string NotDecrypted = "Could not decrypt ciphertext";
}
