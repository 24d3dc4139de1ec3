using System.Globalization;
using System.Net;
using KmsTool.CommandLine.Yaml;
using KmsTool.Instance.VsockProxy;
using KmsTool.Instance.VsockProxy.Rules;
using KmsTool.Networking.Hosts;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Instance.Commands;

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

/// <summary>Reads the key <c>listeners</c>.</summary>
internal sealed class ListenerReader(StrictYamlReader yaml)
{
    /// <summary>Most places to listen at; each costs a descriptor and a share of the others.</summary>
    private const int MaxListeners = 256;

    private const string Form = "{local_port: N, remote_addr: HOST, remote_port: N} or {local_port: N, mode: connect}";

    public List<ListenerEntry> ReadAll()
    {
        var known = new HashSet<StreamAddress>();
        List<ListenerEntry> all = yaml.ReadSequence("a list of listeners", () =>
        {
            ListenerEntry entry = Read();
            return known.Add(entry.Local)
                ? entry
                : throw yaml.FaultAt(entry.Line, $"{entry.Local} appears twice");
        });
        if (all.Count > MaxListeners)
        {
            throw yaml.FaultAt(all[MaxListeners].Line, string.Create(CultureInfo.InvariantCulture, $"more than {MaxListeners} listeners"));
        }

        return all.Count > 0 ? all : throw yaml.Fault("the list of listeners is empty");
    }

    private ListenerEntry Read()
    {
        StreamAddress? local = null;
        string? host = null;
        ushort? port = null;
        string? mode = null;
        int? maxConnections = null;
        (List<string> Peers, long Line)? peers = null;
        long start = yaml.ReadMapping(Form, key =>
        {
            switch (key)
            {
                case "local_port":
                    local = ReadLocal();
                    return true;
                case "remote_addr":
                    host = ReadHost();
                    return true;
                case "remote_port":
                    port = (ushort)yaml.ReadNumber("port", 1, ushort.MaxValue);
                    return true;
                case "mode":
                    mode = ReadMode();
                    return true;
                case "num_workers":
                    maxConnections = (int)yaml.ReadNumber("num_workers", 1, ProxySettings.HighestMaxConnections);
                    return true;
                case "peers":
                    peers = (yaml.ReadSequence("a list of CIDs", () => yaml.ReadText("a CID")), yaml.Line);
                    return true;
                default:
                    return false;
            }
        });
        if (local is null)
        {
            throw yaml.FaultAt(start, "the key 'local_port' is missing");
        }

        StreamAddress.Tcp? remote = (mode, host, port) switch
        {
            (not null, null, null) => null,
            (not null, _, _) => throw yaml.FaultAt(start, "in mode connect the enclave says the destination: leave remote_addr and remote_port away"),
            (null, not null, { } number) => new StreamAddress.Tcp(host, number),
            _ => throw yaml.FaultAt(start, $"expected {Form}"),
        };
        return new ListenerEntry(local, remote, peers is var (list, line) ? ParsePeers(local, list, line) : null, maxConnections, start);
    }

    private StreamAddress ReadLocal()
    {
        string text = yaml.ReadText("a vsock port or an address");
        if (!text.Contains(':', StringComparison.Ordinal))
        {
            return StreamAddress.TryParseNumber(text, out uint port) && port is > 0 and < VsockEndPoint.AnyPort
                ? new StreamAddress.Vsock(VsockEndPoint.ParentCid, port)
                : throw yaml.Fault($"'{text}' is not a vsock port; use a number from 1 to 4294967294");
        }

        return StreamAddress.TryParse(text, out StreamAddress? address, out string? error) ? address : throw yaml.Fault(error);
    }

    private string ReadHost()
    {
        string text = yaml.ReadText("a host name or an IP address");
        return DestinationHost.TryParse(text, out string? host, out string? error) ? host : throw yaml.Fault(error);
    }

    private string ReadMode()
    {
        string mode = yaml.ReadText("a mode");
        return mode == "connect" ? mode : throw yaml.Fault($"mode '{mode}' is not known; there is 'connect', and without a mode one destination");
    }

    private PeerList ParsePeers(StreamAddress local, List<string> peers, long line)
    {
        var cids = new HashSet<uint>();
        var addresses = new HashSet<IPAddress>();
        foreach (string peer in peers)
        {
            bool isKnown = local switch
            {
                StreamAddress.Vsock => StreamAddress.TryParseNumber(peer, out uint cid) && cid != VsockEndPoint.AnyCid && cids.Add(cid),
                StreamAddress.Tcp => DestinationHost.TryParse(peer, out string? host, out _) && IPAddress.TryParse(host, out IPAddress? address) && addresses.Add(address),
                _ => throw yaml.FaultAt(line, $"peers cannot be told apart at {local}; the file's permissions say who may connect"),
            };
            if (!isKnown)
            {
                throw yaml.FaultAt(line, $"peer '{peer}' is not {(local is StreamAddress.Vsock ? "a CID" : "an IP address")}, or appears twice");
            }
        }

        return new PeerList(cids, addresses);
    }
}

/// <summary>What the operator's file says.</summary>
/// <param name="Allowlist">Which destinations are allowed.</param>
/// <param name="Listeners">Where to listen, if it is not the command line that says so.</param>
/// <param name="Ignored">Keys at the top level that this program does not know, and their lines.</param>
internal sealed record ProxyFile(Allowlist Allowlist, IReadOnlyList<ListenerEntry> Listeners, IReadOnlyList<(string Key, long Line)> Ignored);

/// <summary>A place to listen at, and where connections to it lead.</summary>
/// <param name="Local">Where it listens.</param>
/// <param name="Remote">The destination of all connections; <see langword="null"/> where each asks for one (CONNECT).</param>
/// <param name="Peers">Who may connect; <see langword="null"/> for any peer.</param>
/// <param name="MaxConnections">Connections at once; <see langword="null"/> for the program's default.</param>
/// <param name="Line">Where it stands in the file.</param>
internal sealed record ListenerEntry(StreamAddress Local, StreamAddress.Tcp? Remote, PeerList? Peers, int? MaxConnections, long Line);
