using KmsTool.Enclave.Kms;

namespace KmsTool.Enclave.Credentials;

/// <summary>Credentials, and from when on they are no good.</summary>
/// <param name="Credentials">Owned by whoever holds this.</param>
/// <param name="Expiration">Time of their end; <see langword="null"/> where they have none.</param>
internal sealed record TimedCredentials(KmsCredentials Credentials, DateTimeOffset? Expiration);
