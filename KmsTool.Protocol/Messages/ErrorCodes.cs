namespace KmsTool.Protocol.Messages;

/// <summary>Values of <see cref="EnclaveException.Code"/> that kmstool-enclave itself gives, in addition to the names of exceptions of KMS.</summary>
public static class ErrorCodes
{
    /// <summary>The message is not a JSON object, or its Operation is missing or of a wrong type.</summary>
    public const string InvalidMessage = "InvalidMessage";

    /// <summary>The message is over the limit.</summary>
    public const string MessageTooLarge = "MessageTooLarge";

    /// <summary>The messages and responses of all peers have used up the enclave's room for them; the message may be sent again.</summary>
    public const string EnclaveBusy = "EnclaveBusy";

    /// <summary>The enclave does not know the operation.</summary>
    public const string UnknownOperation = "UnknownOperation";

    /// <summary>A member is missing, of a wrong type or past its bound.</summary>
    public const string InvalidParameter = "InvalidParameter";

    /// <summary>No SetClient succeeded on this connection.</summary>
    public const string ClientNotInitialized = "ClientNotInitialized";

    /// <summary>Both sides set a region, or the region is malformed.</summary>
    public const string InvalidRegion = "InvalidRegion";

    /// <summary>The enclave's measured configuration forbids it; the message names the option that does.</summary>
    public const string PinViolated = "PinViolated";

    /// <summary>The parent's proxy or KMS cannot be reached.</summary>
    public const string KmsUnreachable = "KmsUnreachable";

    /// <summary>The peer is not KMS: another name, an unknown issuer, or no TLS.</summary>
    public const string KmsTlsFailed = "KmsTlsFailed";

    /// <summary>KMS did not respond within the request's time.</summary>
    public const string KmsTimeout = "KmsTimeout";

    /// <summary>The response of KMS is malformed, or lacks what an attested response must have.</summary>
    public const string InvalidKmsAnswer = "InvalidKmsAnswer";

    /// <summary>The Nitro Secure Module gave no attestation document.</summary>
    public const string AttestationUnavailable = "AttestationUnavailable";

    /// <summary>The enclave's measured configuration does not say that it takes credentials that are pushed.</summary>
    public const string CredentialsNotTaken = "CredentialsNotTaken";

    /// <summary>Internal error of the enclave program.</summary>
    public const string InternalError = "InternalError";
}

/// <summary>
/// The texts with which the Message of an error starts: those of the AWS sample, and texts of the same form for what the sample does
/// not have.
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
