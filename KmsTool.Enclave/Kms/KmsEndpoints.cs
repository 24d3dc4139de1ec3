namespace KmsTool.Enclave.Kms;

/// <summary>Where KMS of a region is, as the configuration has it.</summary>
/// <param name="Pinned">The one endpoint for all regions; <see langword="null"/> for each region's own.</param>
/// <param name="Fips">Whether a region's own is the one with FIPS 140 validated TLS.</param>
internal sealed record KmsEndpoints((string Host, int Port)? Pinned, bool Fips)
{
    /// <returns><see langword="null"/> where no partition has such a region.</returns>
    public KmsEndpoint? ForRegion(string region) =>
        Pinned is { } host ? new KmsEndpoint(host.Host, host.Port, region) : KmsEndpoint.ForRegion(region, Fips);
}
