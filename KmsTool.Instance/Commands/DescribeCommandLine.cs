using System.CommandLine;
using System.Globalization;
using KmsTool.CommandLine;
using KmsTool.Protocol.Messages;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Commands;

/// <summary><c>kmstool-instance describe</c>: what an enclave says of itself.</summary>
internal static class DescribeCommandLine
{
    public const string Name = "describe";

    public static Command CreateCommand()
    {
        var enclave = new EnclaveClientOptions(withCredentials: false);
        var output = new Option<string>("--output") { DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        var command = new Command(Name) { output };
        enclave.AddTo(command);
        command.SetAction(async (line, cancellationToken) =>
        {
            EnclaveClientSettings request = enclave.Bind(line);
            using ILoggerFactory loggers = LogOutput.Create(request.LogLevel);
            using DescribeResponse reply = await EnclaveAction.RunAsync<DescribeResponse>(
                request, new DescribeCommand(), loggers.CreateLogger(Name), cancellationToken);
            if (line.GetRequiredValue(output) == "json")
            {
                await StandardOutput.WriteAsync(stream => ReplyWriter.WriteAsync(stream, reply, indented: true, cancellationToken), cancellationToken);
            }
            else
            {
                await StandardOutput.WriteAsync(DescriptionReport.Format(reply), cancellationToken);
            }
        });
        return command;
    }
}

/// <summary>A description for people. The enclave wrote it, so what it says is made fit for a terminal.</summary>
internal static class DescriptionReport
{
    public static string Format(DescribeResponse reply)
    {
        var report = new TextReport();
        report.Add("Version", reply.Version);
        report.Add("Uptime", TimeSpan.FromSeconds(Math.Clamp(reply.UptimeSeconds, 0, int.MaxValue)).ToString("c", CultureInfo.InvariantCulture));
        report.Add("Module", reply.ModuleId);
        report.Add("Debug mode", reply.DebugMode ? "YES: PCR0 is all zeros, its attestation proves nothing" : "no");
        foreach ((string index, string value) in reply.Pcrs.OrderBy(pcr => pcr.Key.Length).ThenBy(pcr => pcr.Key, StringComparer.Ordinal))
        {
            report.Add("PCR" + index, value);
        }

        EnclavePins pins = reply.Pins;
        report.Add("Region", pins.Region ?? "of the instance's choice");
        report.Add("KMS endpoint", pins.KmsEndpoint ?? "the region's own");
        report.Add("FIPS endpoint", pins.Fips ? "yes" : "no");
        report.Add("Trust anchors", pins.CaBundle ?? "the system's");
        report.Add("Refuses debug mode", pins.RefuseDebugMode ? "yes" : "no");
        report.Add("Refuses clock skew", pins.RefuseClockSkew ? "yes" : "no");
        report.Add("Refuses other RNG", pins.RefuseOtherRandomSource ? "yes" : "no");
        report.Add("Keys", pins.AllowKey is { } keys ? string.Join(", ", keys) : "any");
        report.Add("Context", pins.RequireEncryptionContext is { } context ? string.Join(", ", context) : "any");
        report.Add("Operations", pins.Operations is { } operations ? string.Join(", ", operations) : "all");
        report.Add("Replies with", pins.Reply);
        EnclaveLimits limits = reply.Limits;
        report.Add("Limits", string.Create(CultureInfo.InvariantCulture,
            $"{limits.MaxMessageSize} bytes a message, {limits.MaxConnections} connections, {limits.MaxPending} commands of one at once"));
        if (limits.MessageBudget is { } budget)
        {
            report.Add("Message budget", string.Create(CultureInfo.InvariantCulture, $"{budget} bytes for all connections"));
        }

        report.Add("Timeouts", string.Create(CultureInfo.InvariantCulture,
            $"{limits.IdleTimeoutSeconds} s idle, {limits.RequestTimeoutSeconds} s a command, {limits.SendTimeoutSeconds} s a reply"));
        EnclaveCounters counters = reply.Counters;
        report.Add("Connections", string.Create(CultureInfo.InvariantCulture,
            $"{counters.ConnectionsOpen} open, {counters.ConnectionsAccepted} accepted, {counters.ConnectionsRefused} refused"));
        foreach ((string operation, OperationCounters count) in counters.Operations)
        {
            if (count.Succeeded + count.Failed > 0)
            {
                report.Add(operation, string.Create(CultureInfo.InvariantCulture, $"{count.Succeeded} succeeded, {count.Failed} failed"));
            }
        }

        return report.ToString();
    }
}
