using System.Text.RegularExpressions;
using Amazon;
using KmsTool.Networking.Hosts;
using KmsTool.Protocol.Messages;

namespace KmsTool.Enclave.Kms;

/// <summary>A KMS endpoint: the host name that TLS must prove, and the region that signatures name.</summary>
/// <param name="Host">DNS name or IP address.</param>
/// <param name="Port">TCP port, for the Host header; the connection itself goes through the parent's proxy.</param>
/// <param name="Region">AWS region code.</param>
internal sealed record KmsEndpoint(string Host, int Port, string Region)
{
    private const int HttpsPort = 443;

    /// <summary>The region where nobody names one, as in the original.</summary>
    public const string DefaultRegion = "us-east-1";

    public Uri Uri { get; } = new UriBuilder(Uri.UriSchemeHttps, Host, Port).Uri;

    /// <summary>The Host header, with the port where it is not 443.</summary>
    public string Authority => Uri.Authority;

    /// <summary>
    /// The public endpoint of <paramref name="region"/>, <c>kms.REGION.SUFFIX</c> or <c>kms-fips.REGION.SUFFIX</c>, in
    /// whichever partition it lies.
    /// </summary>
    /// <remarks>
    /// Not <see cref="RegionEndpoint.GetBySystemName"/>: it keeps every unknown name for ever and searches all of them,
    /// and the name may come from the parent.
    /// </remarks>
    /// <returns><see langword="null"/> where no partition has such a region.</returns>
    public static KmsEndpoint? ForRegion(string region, bool fips)
    {
        if (!AwsRegion.IsWellFormed(region))
        {
            return null;
        }

        string? suffix = RegionEndpoint.EnumerableAllRegions
            .FirstOrDefault(known => known.SystemName == region)?.PartitionDnsSuffix
            ?? RegionEndpoint.EnumerableAllRegions.DistinctBy(known => known.PartitionName)
                .FirstOrDefault(known => Regex.IsMatch(region, known.PartitionRegionRegex, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)))
                ?.PartitionDnsSuffix;
        return suffix is null ? null : new KmsEndpoint($"{(fips ? "kms-fips" : "kms")}.{region}.{suffix}", HttpsPort, region);
    }

    /// <summary>Reads a configured endpoint: <c>HOST</c>, <c>HOST:PORT</c> or <c>https://HOST[:PORT]</c>.</summary>
    /// <exception cref="FormatException">Not an endpoint, or not one with TLS.</exception>
    public static (string Host, int Port) ParseHost(string text)
    {
        if (text.StartsWith("http:", StringComparison.OrdinalIgnoreCase))
        {
            throw new FormatException($"'{text}': TLS to KMS ends in the enclave; give an https:// address or a host name");
        }

        string address = text.Contains("://", StringComparison.Ordinal) ? text : "https://" + text;
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) || uri.Scheme != Uri.UriSchemeHttps
            || uri.PathAndQuery != "/" || uri.UserInfo.Length > 0 || uri.Fragment.Length > 0 || uri.Host.Length == 0 || DestinationHost.HasZone(text))
        {
            throw new FormatException($"'{text}' is not a KMS endpoint; give HOST, HOST:PORT or https://HOST:PORT");
        }

        return (uri.IdnHost, uri.Port);
    }
}

/// <summary>Where KMS of a region is, as the configuration has it.</summary>
/// <param name="Pinned">The one endpoint for all regions; <see langword="null"/> for each region's own.</param>
/// <param name="Fips">Whether a region's own is the one with FIPS 140 validated TLS.</param>
internal sealed record KmsEndpoints((string Host, int Port)? Pinned, bool Fips)
{
    /// <returns><see langword="null"/> where no partition has such a region.</returns>
    public KmsEndpoint? ForRegion(string region) =>
        Pinned is { } host ? new KmsEndpoint(host.Host, host.Port, region) : KmsEndpoint.ForRegion(region, Fips);
}
