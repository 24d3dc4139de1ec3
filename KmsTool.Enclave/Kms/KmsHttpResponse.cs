namespace KmsTool.Enclave.Kms;

/// <summary>An HTTP answer of KMS, read whole.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Body">The body, bounded.</param>
/// <param name="Date">KMS's clock, from the Date header.</param>
/// <param name="RequestId">What KMS's support asks for; <see langword="null"/> where KMS gave none of a sane form.</param>
internal sealed record KmsHttpResponse(int Status, byte[] Body, DateTimeOffset? Date, string? RequestId);
