using KmsTool.CommandLine.Yaml;
using KmsTool.Instance.VsockProxy;
using KmsTool.Instance.VsockProxy.Destinations;
using KmsTool.Instance.VsockProxy.Rules;
using KmsTool.Networking;
using KmsTool.Networking.Hosts;
using KmsTool.Protocol;
using KmsTool.Protocol.Sockets;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Commands;

/// <summary>Makes the plans of a proxy's listeners from its command line and its file, at the start and at each reload.</summary>
internal sealed partial class ProxyPlanner(
    ProxyArguments arguments, ProxySettings options, SystemLookup lookup, HappyEyeballs eyeballs, TimeProvider time, ILogger logger)
{
    /// <summary>The file of the AWS program.</summary>
    public const string DefaultPath = "/etc/nitro_enclaves/vsock-proxy.yaml";

    // One to each side.
    private const int DescriptorsPerConnection = 2;

    // Itself, a connection that it has accepted and that waits for a place, and the listener that a reload opens before this
    // one is closed.
    private const int DescriptorsPerListener = 3;

    // A lookup has a socket to each name server, of which resolv.conf(5) has three at most.
    private static readonly int OtherDescriptors =
        HappyEyeballs.MaxAttemptsBeside + 3 * (LookupBounds.Fixed.Threads + LookupBounds.Rules.Threads + LookupBounds.Requested.Threads) + 8;

    private readonly NameResolvers _names = new(options.Family, lookup, time, logger);
    private readonly LookupThreads _threads = new(LookupBounds.Rules, lookup);
    private bool _hadFile;

    /// <exception cref="ConfigurationException">The file is missing or not in order, or does not allow a destination.</exception>
    public async Task<ProxyPlan> PlanAsync(CancellationToken cancellationToken)
    {
        ProxyFile? file = ReadFile();
        var plans = new List<ListenerPlan>();
        IReadOnlyList<ListenerEntry> entries = ChooseEntries(file);
        foreach (ListenerEntry entry in entries)
        {
            IRoute route = entry.Remote is null
                ? new ConnectRoute(file!.Allowlist, options, _names, eyeballs, time)
                : new FixedRoute(new Destination(await AdmitAsync(file?.Allowlist, entry, cancellationToken), _names.GetFixed(entry.Remote.Host), eyeballs, time));
            plans.Add(new ListenerPlan(entry.Local, route, entry.Peers, entry.MaxConnections ?? options.MaxConnections, MaxPerPeer: null));
        }

        _names.KeepFixed(entries.Select(entry => entry.Remote?.Host).OfType<string>());
        _hadFile |= file is not null;
        ProxyPlan plan = WithinDescriptors(plans);
        return plan with
        {
            Listeners = [.. plan.Listeners.Select(listener => listener with { MaxPerPeer = options.MostOfOnePeer(listener.Local, listener.MaxConnections) })],
        };
    }

    private ProxyFile? ReadFile()
    {
        string path = arguments.ConfigPath ?? DefaultPath;
        try
        {
            ProxyFile file = ProxyFileReader.Read(path);
            foreach ((string key, long line) in file.Ignored)
            {
                Log.KeyIgnored(logger, path, line, TerminalText.Neutralize(key));
            }

            return file;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            // A file that is taken away does not open the proxy to everything.
            if (arguments.ConfigPath is not null || arguments.NeedsFile || _hadFile)
            {
                throw new ConfigurationException(path, null, $"does not exist; write it{(arguments.ConfigPath is null ? " or name another with --config" : "")}", e);
            }

            Log.NoAllowlist(logger, path);
            return null;
        }
    }

    private IReadOnlyList<ListenerEntry> ChooseEntries(ProxyFile? file)
    {
        string path = file?.Allowlist.Path ?? DefaultPath;
        return (arguments.Local, arguments.Remote, file?.Listeners) switch
        {
            (null, _, { Count: > 0 } listeners) => listeners,
            (null, _, _) => throw new ConfigurationException(
                path, null, "the key 'listeners' is missing; without it, LOCAL_PORT REMOTE_ADDR REMOTE_PORT say what to do"),
            (_, _, { Count: > 0 }) => throw new ConfigurationException(
                path, null, "it has listeners; leave LOCAL_PORT REMOTE_ADDR REMOTE_PORT away, or name another file with --config"),
            var (local, remote, _) => [new ListenerEntry(local, remote, Peers: null, MaxConnections: null, Line: 0)],
        };
    }

    private async Task<DestinationSettings> AdmitAsync(Allowlist? allowlist, ListenerEntry entry, CancellationToken cancellationToken)
    {
        DestinationSettings destination = options.To(entry.Remote!.Host, entry.Remote.Port);
        if (allowlist is null)
        {
            // The command line alone says what is allowed: this destination.
            var alone = new Allowlist(DefaultPath, [new AllowlistEntry(HostPattern.Parse(destination.Host), destination.Port)]);
            return destination with { Filter = alone.Admit(destination.Host, destination.Port)! };
        }

        long? line = entry.Line > 0 ? entry.Line : null;
        if (Destination.FindFamilyFault(destination.Host, options.Family, options.FamilyOption) is { } fault)
        {
            throw new ConfigurationException(allowlist.Path, line, fault);
        }

        try
        {
            destination = await allowlist.AdmitAsync(destination, _threads.LookUpAsync, cancellationToken);
            Log.DestinationAllowed(logger, destination.ToString(), allowlist.Path);
            return destination;
        }
        catch (NotAllowedException e)
        {
            throw new ConfigurationException(allowlist.Path, line, e.Message, e);
        }
    }

    // At the limit of descriptors accepting fails, and so does connecting.
    private ProxyPlan WithinDescriptors(List<ListenerPlan> plans)
    {
        int wanted = (int)Math.Min(int.MaxValue, plans.Sum(plan => (long)plan.MaxConnections));
        int possible = DescriptorLimit.ConnectionsWithin(
            int.MaxValue, DescriptorsPerConnection, OtherDescriptors + (DescriptorsPerListener * plans.Count));
        if (possible >= wanted)
        {
            return new ProxyPlan(plans, possible);
        }

        Log.FewDescriptors(logger, possible, wanted);
        return new ProxyPlan(
            [.. plans.Select(plan => plan with { MaxConnections = Math.Max(1, (int)((long)plan.MaxConnections * possible / wanted)) })], possible);
    }

    private static partial class Log
    {
        [LoggerMessage(28, LogLevel.Warning, "the limit of open files allows {Connections} connections at once, not the {Wanted} that are wanted")]
        public static partial void FewDescriptors(ILogger logger, int connections, int wanted);

        [LoggerMessage(30, LogLevel.Information, "{Destination} is allowed by {File}")]
        public static partial void DestinationAllowed(ILogger logger, string destination, string file);

        [LoggerMessage(31, LogLevel.Information, "no allowlist: there is no --config and no {File}")]
        public static partial void NoAllowlist(ILogger logger, string file);

        [LoggerMessage(37, LogLevel.Warning, "{File}:{Line}: the unknown key '{Key}' is ignored")]
        public static partial void KeyIgnored(ILogger logger, string file, long line, string key);
    }
}

/// <summary>Where the rules of a proxy come from.</summary>
/// <param name="Local">Where to listen, if the command line says so.</param>
/// <param name="Remote">The destination, if the command line says so.</param>
/// <param name="ConfigPath">The file, if the command line names one.</param>
/// <param name="NeedsFile">Whether there must be a file.</param>
internal sealed record ProxyArguments(StreamAddress? Local, StreamAddress.Tcp? Remote, string? ConfigPath, bool NeedsFile);
