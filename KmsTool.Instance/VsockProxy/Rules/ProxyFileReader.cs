using System.Globalization;
using KmsTool.CommandLine.Yaml;
using KmsTool.Networking.Hosts;

namespace KmsTool.Instance.VsockProxy.Rules;

/// <summary>
/// Reads the YAML file of the AWS program, <c>allowlist: [{address: HOST, port: N}, …]</c>, and what this one adds to it:
/// patterns, networks and ranges of ports there, and the key <c>listeners</c>. Unknown keys at the top level are ignored, as by
/// that program; within the two keys they are refused.
/// </summary>
internal static class ProxyFileReader
{
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such file.</exception>
    /// <exception cref="ConfigurationException">The file cannot be read, or its contents are not in order.</exception>
    public static ProxyFile Read(string path) => StrictYamlReader.Read(path, yaml => ReadFile(path, yaml));

    private static ProxyFile ReadFile(string path, StrictYamlReader yaml)
    {
        List<AllowlistEntry>? entries = null;
        List<ListenerEntry> listeners = [];
        List<(string, long)> ignored = [];
        long start = yaml.ReadMapping("the key 'allowlist'", key =>
        {
            switch (key)
            {
                case "allowlist":
                    entries = ReadEntries(yaml);
                    return true;
                case "listeners":
                    listeners = new ListenerReader(yaml).ReadAll();
                    return true;
                default:
                    // The AWS program ignores what it does not know here.
                    ignored.Add((key, yaml.Line));
                    yaml.SkipValue();
                    return true;
            }
        });
        return new ProxyFile(new Allowlist(path, entries ?? throw yaml.FaultAt(start, "the key 'allowlist' is missing")), listeners, ignored);
    }

    private static List<AllowlistEntry> ReadEntries(StrictYamlReader yaml)
    {
        var known = new HashSet<(string Host, PortRange Ports)>();
        return yaml.ReadSequence("a list of destinations", () =>
        {
            HostPattern? host = null;
            PortRange? ports = null;
            long start = yaml.ReadMapping("{address: HOST, port: N}", key =>
            {
                switch (key)
                {
                    case "address":
                        host = HostPattern.TryParse(yaml.ReadText("a host name or an IP address"), out HostPattern? pattern, out string? error)
                            ? pattern
                            : throw yaml.Fault(error);
                        return true;
                    case "port":
                        ports = ReadPorts(yaml);
                        return true;
                    default:
                        return false;
                }
            });
            if (host is null)
            {
                throw yaml.FaultAt(start, "the key 'address' is missing");
            }

            var entry = new AllowlistEntry(host, ports ?? throw yaml.FaultAt(start, "the key 'port' is missing"));
            return known.Add((host.ToString().ToUpperInvariant(), entry.Ports))
                ? entry
                : throw yaml.FaultAt(start, string.Create(CultureInfo.InvariantCulture, $"{host} with port {entry.Ports} appears twice"));
        });
    }

    private static PortRange ReadPorts(StrictYamlReader yaml)
    {
        string text = yaml.ReadPlainText("a port");
        return PortRange.TryParse(text, out PortRange? ports)
            ? ports.Value
            : throw yaml.Fault($"port '{text}' is not a number from 1 to 65535, nor two of them as in 8000-8099");
    }
}
