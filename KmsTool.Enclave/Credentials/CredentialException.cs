namespace KmsTool.Enclave.Credentials;

/// <summary>A source gives no credentials. The message holds no secret.</summary>
internal sealed class CredentialException(string message, Exception? innerException = null) : Exception(message, innerException);
