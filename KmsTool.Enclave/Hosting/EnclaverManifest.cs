using System.Net;
using KmsTool.CommandLine.Yaml;
using KmsTool.Enclave.Kms;
using KmsTool.Networking.Hosts;
using KmsTool.Protocol.Messages;

namespace KmsTool.Enclave.Hosting;

/// <summary>
/// The sections <c>kms_proxy</c> and <c>egress</c> of an enclaver.yaml (Enclaver's manifest, version v1). Both, and each of
/// their keys that is optional, may be null, as a key is that has only comments below it: then it counts as absent.
/// </summary>
internal sealed record EnclaverManifest
{
    /// <summary><c>kms_proxy</c>; <see langword="null"/> where the file has none.</summary>
    public KmsProxySection? KmsProxy { get; init; }

    /// <summary><c>egress</c>; <see langword="null"/> where the file has none.</summary>
    public EgressSection? Egress { get; init; }

    /// <summary>Sections that are for others.</summary>
    public IReadOnlyList<(string Name, long Line)> Others { get; init; } = [];

    /// <param name="ListenPort">Port on loopback.</param>
    /// <param name="Endpoints">Host and port of KMS by region.</param>
    internal sealed record KmsProxySection(ushort ListenPort, IReadOnlyDictionary<string, (string Host, int Port)> Endpoints);

    /// <param name="ProxyPort">Port on loopback; <see langword="null"/> where it is not given.</param>
    /// <param name="Allow">Where applications may go.</param>
    /// <param name="Deny">Where not, though allowed.</param>
    internal sealed record EgressSection(ushort? ProxyPort, IReadOnlyList<HostPattern> Allow, IReadOnlyList<HostPattern> Deny);

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such file.</exception>
    /// <exception cref="ConfigurationException">The file cannot be read, or a section is not in order.</exception>
    public static EnclaverManifest Read(string path) => StrictYamlReader.Read(path, ReadRoot);

    private static EnclaverManifest ReadRoot(StrictYamlReader yaml)
    {
        KmsProxySection? kmsProxy = null;
        EgressSection? egress = null;
        var others = new List<(string, long)>();
        yaml.ReadMapping("the sections of an enclaver.yaml", key =>
        {
            if (key == "kms_proxy")
            {
                kmsProxy = yaml.TryReadNull() ? null : ReadKmsProxy(yaml);
            }
            else if (key == "egress")
            {
                egress = yaml.TryReadNull() ? null : ReadEgress(yaml);
            }
            else
            {
                others.Add((key, yaml.Line));
                yaml.SkipValue();
            }

            return true;
        });
        return new EnclaverManifest { KmsProxy = kmsProxy, Egress = egress, Others = others };
    }

    private static KmsProxySection ReadKmsProxy(StrictYamlReader yaml)
    {
        ushort? port = null;
        Dictionary<string, (string, int)> endpoints = [];
        long start = yaml.ReadMapping("{listen_port: N, endpoints: {REGION: HOST}}", key =>
        {
            switch (key)
            {
                case "listen_port":
                    port = (ushort)yaml.ReadNumber("listen_port", 1, IPEndPoint.MaxPort);
                    return true;
                case "endpoints":
                    endpoints = yaml.TryReadNull() ? [] : ReadEndpoints(yaml);
                    return true;
                default:
                    return false;
            }
        });
        return new KmsProxySection(port ?? throw yaml.FaultAt(start, "the key 'listen_port' is missing"), endpoints);
    }

    private static Dictionary<string, (string Host, int Port)> ReadEndpoints(StrictYamlReader yaml)
    {
        var endpoints = new Dictionary<string, (string, int)>();
        yaml.ReadMapping("{REGION: HOST}", region =>
        {
            if (!AwsRegion.IsWellFormed(region))
            {
                throw yaml.Fault($"'{region}' is not a region code, such as eu-central-1");
            }

            try
            {
                endpoints.Add(region, KmsEndpoint.ParseHost(yaml.ReadText("the host of KMS")));
            }
            catch (FormatException e)
            {
                throw yaml.Fault(e.Message);
            }

            return true;
        });
        return endpoints;
    }

    private static EgressSection ReadEgress(StrictYamlReader yaml)
    {
        ushort? port = null;
        List<HostPattern> allow = [];
        List<HostPattern> deny = [];
        yaml.ReadMapping("{allow: [HOST, …], deny: [HOST, …]}", key =>
        {
            switch (key)
            {
                case "proxy_port":
                    port = yaml.TryReadNull() ? null : (ushort)yaml.ReadNumber("proxy_port", 1, IPEndPoint.MaxPort);
                    return true;
                case "allow":
                    allow = yaml.TryReadNull() ? [] : ReadPatterns(yaml);
                    return true;
                case "deny":
                    deny = yaml.TryReadNull() ? [] : ReadPatterns(yaml);
                    return true;
                default:
                    return false;
            }
        });
        return new EgressSection(port, allow, deny);
    }

    private static List<HostPattern> ReadPatterns(StrictYamlReader yaml) => yaml.ReadSequence("a list of hosts", () =>
        HostPattern.TryParse(yaml.ReadText("a host name, an address or a pattern"), out HostPattern? pattern, out string? error)
            ? pattern
            : throw yaml.Fault(error));
}
