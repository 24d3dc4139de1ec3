namespace KmsTool.Enclave.Kms;

/// <summary>How long keys and documents are used.</summary>
/// <param name="AttestationLifetime">How long an attestation document is reused; zero asks for one per request.</param>
/// <param name="KeyLifetime">How long a recipient key is used.</param>
internal sealed record RecipientOptions(TimeSpan AttestationLifetime, TimeSpan KeyLifetime);
