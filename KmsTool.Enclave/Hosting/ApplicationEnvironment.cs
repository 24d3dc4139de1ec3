using System.Collections;
using KmsTool.CommandLine;

namespace KmsTool.Enclave.Hosting;

/// <summary>The variables that lead an application's AWS SDK to the KMS proxy, and its other requests to egress.</summary>
internal static class ApplicationEnvironment
{
    /// <summary>
    /// What an application must not have of this process's environment where there is a KMS proxy: credentials that are this
    /// program's own, and what would have an SDK look past the ones that it is given.
    /// </summary>
    public static readonly IReadOnlyList<string> Removed =
    [
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_ENDPOINT_URL_KMS", "AWS_KMS_ENDPOINT",
        // With either, SDKs refuse an endpoint that is given.
        "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
    ];

    /// <summary>What leads to the services.</summary>
    /// <param name="services">What runs.</param>
    /// <param name="region">The region of the application.</param>
    public static Dictionary<string, string> OfServices(EnclaveServices services, string? region)
    {
        var environment = new Dictionary<string, string>();
        if (services.KmsProxy is { } proxy)
        {
            string url = proxy.Address.GetLeftPart(UriPartial.Authority);
            // The AWS SDKs' own, and Enclaver's.
            environment["AWS_ENDPOINT_URL_KMS"] = environment["AWS_KMS_ENDPOINT"] = url;
            environment["AWS_ACCESS_KEY_ID"] = proxy.Key.Id;
            environment["AWS_SECRET_ACCESS_KEY"] = proxy.Key.SecretText();
            // Some SDKs read the one, some the other.
            if (region is not null)
            {
                environment["AWS_REGION"] = environment["AWS_DEFAULT_REGION"] = region;
            }
        }

        if (services.Egress is { } egress)
        {
            string url = egress.Address.GetLeftPart(UriPartial.Authority);
            foreach (string name in (ReadOnlySpan<string>)["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"])
            {
                environment[name] = url;
            }

            // Some take an IPv6 address with its brackets and some without.
            string[] direct = ["127.0.0.1", "localhost", "::1", "[::1]"];
            if (services.KmsProxy?.Address.Host is { } host && !direct.Contains(host))
            {
                direct = [.. direct, host];
            }

            foreach (string name in (ReadOnlySpan<string>)["no_proxy", "NO_PROXY"])
            {
                environment[name] = string.Join(',', direct);
            }
        }

        return environment;
    }

    /// <summary>The whole environment of an application.</summary>
    /// <param name="own">That of this process.</param>
    /// <param name="services">What runs.</param>
    /// <param name="region">The region of the application.</param>
    /// <param name="home">The home directory of its user; <see langword="null"/> where that is the user of this process.</param>
    public static Dictionary<string, string> Of(IDictionary own, EnclaveServices services, string? region, string? home = null)
    {
        Dictionary<string, string> environment = OfServices(services, region);
        if (home is not null)
        {
            environment["HOME"] = home;
        }

        foreach (DictionaryEntry variable in own)
        {
            if (services.KmsProxy is null || !Removed.Contains(variable.Key))
            {
                environment.TryAdd((string)variable.Key, (string)variable.Value!);
            }
        }

        ProcessMemory.RestoreVariables(environment);
        return environment;
    }
}
