using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using KmsTool.CommandLine;
using KmsTool.CommandLine.Yaml;
using KmsTool.Instance.VsockProxy;
using KmsTool.Instance.VsockProxy.Destinations;
using KmsTool.Instance.VsockProxy.Monitoring;
using KmsTool.Protocol;
using KmsTool.Protocol.Sockets;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Commands;

/// <summary>Runs the proxy until a signal ends it.</summary>
/// <param name="arguments">Where its rules come from.</param>
/// <param name="options">Its bounds.</param>
/// <param name="metricsAddress">Where its figures can be had; <see langword="null"/> for nowhere.</param>
/// <param name="lookup">Finds the addresses of names; blocks its thread.</param>
/// <param name="logger">Takes its log.</param>
internal sealed partial class VsockProxyAction(
    ProxyArguments arguments, ProxySettings options, StreamAddress.Tcp? metricsAddress, SystemLookup lookup, ILogger logger)
{
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly ProxyMetrics _metrics = new();
    private readonly ServiceNotifier _notifier = new(Environment.GetEnvironmentVariable(ServiceNotifier.Variable));

    // Several waiting requests need one reload only.
    private readonly Channel<bool> _reloads =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <exception cref="CommandFailedException">It cannot start.</exception>
    public async Task RunAsync(CancellationToken stopping)
    {
        RunCompletionsInline();
        using PosixSignalRegistration? hangUp = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, RequestReload);
        var eyeballs = new HappyEyeballs(_time);
        var planner = new ProxyPlanner(arguments, options, lookup, eyeballs, _time, logger);
        ProxyPlan plan;
        try
        {
            plan = await PlanAsync(planner, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // A signal ends it well, also while it waits for a name.
            return;
        }

        await using StreamListener? metricsListener = BindMetrics();
        await using var server = new ProxyServer(options, _metrics, _time, logger);
        await StartAsync(server, plan);
        // The figures can be had until the last connection has ended.
        using var drained = new CancellationTokenSource();
        Task serving = metricsListener is null ? Task.CompletedTask : ServeMetricsAsync(metricsListener, drained.Token);

        foreach (StreamAddress address in server.LocalAddresses)
        {
            await Console.Out.WriteLineAsync($"ready {address}");
        }

        _notifier.Ready("relaying");
        await ReloadOnRequestAsync(server, planner, stopping);
        _notifier.Stopping();
        await server.StopAsync();
        await drained.CancelAsync();
        await serving;
    }

    /// <summary>Says what it would do, and does none of it.</summary>
    /// <exception cref="CommandFailedException">It would not start, or its reload would fail.</exception>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        var eyeballs = new HappyEyeballs(_time);
        var planner = new ProxyPlanner(arguments, options, lookup, eyeballs, _time, logger);
        foreach (ListenerPlan plan in (await PlanAsync(planner, cancellationToken)).Listeners)
        {
            await Console.Out.WriteLineAsync($"{plan.Local} leads to {plan.Route.Name}");
        }
    }

    /// <summary>
    /// Socket continuations run inline on the polling thread instead of being handed over to another thread, which is most of
    /// what a relay costs. What continues there is short and never blocks. Half of the
    /// processors have such a thread; the kernel's part of the work, and streams that never have to wait, take the others.
    /// Read by the runtime before the first socket is used; what the operator has set stays.
    /// </summary>
    private static void RunCompletionsInline()
    {
        const string Inline = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";
        const string Threads = "DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT";
        if (Environment.GetEnvironmentVariable(Inline) is null)
        {
            Environment.SetEnvironmentVariable(Inline, "1");
        }

        if (Environment.GetEnvironmentVariable(Threads) is null)
        {
            Environment.SetEnvironmentVariable(Threads, Math.Max(1, Environment.ProcessorCount / 2).ToString(CultureInfo.InvariantCulture));
        }
    }

    private void RequestReload(PosixSignalContext signal)
    {
        // Left alone it would end the process.
        signal.Cancel = true;
        _reloads.Writer.TryWrite(true);
    }

    private static async Task StartAsync(ProxyServer server, ProxyPlan plan)
    {
        try
        {
            await server.ApplyAsync(plan);
        }
        catch (ListenException e)
        {
            throw new CommandFailedException(ExitCode.CouldNotConnect, Describe(e), e);
        }
    }

    private static async Task<ProxyPlan> PlanAsync(ProxyPlanner planner, CancellationToken cancellationToken)
    {
        try
        {
            return await planner.PlanAsync(cancellationToken);
        }
        catch (ConfigurationException e)
        {
            throw new CommandFailedException(ExitCode.WrongUsage, $"The proxy cannot start: {e.Message}", e);
        }
    }

    private async Task ReloadOnRequestAsync(ProxyServer server, ProxyPlanner planner, CancellationToken stopping)
    {
        try
        {
            while (await _reloads.Reader.ReadAsync(stopping))
            {
                bool succeeded = await ReloadAsync(server, planner, stopping);
                _metrics.CountReload(succeeded);
                _notifier.Status(succeeded ? "relaying" : "relaying by old rules; the file cannot be used, see the log");
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The end that this waits for.
        }
    }

    private async Task<bool> ReloadAsync(ProxyServer server, ProxyPlanner planner, CancellationToken cancellationToken)
    {
        try
        {
            await server.ApplyAsync(await planner.PlanAsync(cancellationToken));
            Log.Reloaded(logger, string.Join(' ', server.LocalAddresses));
            return true;
        }
        catch (ConfigurationException e)
        {
            Log.NotReloaded(logger, TerminalText.Neutralize(e.Message));
        }
        catch (ListenException e)
        {
            Log.NotReloaded(logger, TerminalText.Neutralize(Describe(e)));
        }

        return false;
    }

    private StreamListener? BindMetrics()
    {
        if (metricsAddress is null)
        {
            return null;
        }

        try
        {
            return StreamListener.Bind(metricsAddress);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            throw new CommandFailedException(ExitCode.CouldNotConnect, $"Could not listen on {metricsAddress} for --metrics: {e.Message}", e);
        }
    }

    private Task ServeMetricsAsync(StreamListener listener, CancellationToken cancellationToken)
    {
        Log.MetricsListening(logger, listener.LocalAddress.ToString());
        return new MetricsServer(listener, _metrics, _time, logger).RunAsync(cancellationToken);
    }

    private static string Describe(ListenException failure)
    {
        string reason = failure.InnerException is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse }
            ? "another program listens there, perhaps a vsock-proxy that runs already, or another listener of this one does"
            : failure.Message;
        return $"Could not listen on {failure.Address}: {reason}";
    }

    private static partial class Log
    {
        [LoggerMessage(32, LogLevel.Information, "read the file again; listens on {Addresses}")]
        public static partial void Reloaded(ILogger logger, string addresses);

        [LoggerMessage(33, LogLevel.Error, "the file was not taken, the old rules hold: {Reason}")]
        public static partial void NotReloaded(ILogger logger, string reason);

        [LoggerMessage(34, LogLevel.Information, "metrics at {Address}")]
        public static partial void MetricsListening(ILogger logger, string address);
    }
}
