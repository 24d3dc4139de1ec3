using KmsTool.Enclave.Kms;
using KmsTool.Signing;

namespace KmsTool.Enclave.KmsProxy;

/// <summary>The regions that applications may name in their signatures, and where KMS of each is.</summary>
/// <param name="Endpoints">By region code.</param>
internal sealed record ProxyRegions(IReadOnlyDictionary<string, KmsEndpoint> Endpoints)
{
    /// <exception cref="SignatureException">The region is not among those that are configured.</exception>
    public KmsEndpoint Find(string region) => Endpoints.TryGetValue(region, out KmsEndpoint? endpoint)
        ? endpoint
        : throw new SignatureException(SignatureFailure.Invalid,
            $"Credential should be scoped to a valid region: this enclave uses KMS of {string.Join(", ", Endpoints.Keys.Order(StringComparer.Ordinal))}");
}
