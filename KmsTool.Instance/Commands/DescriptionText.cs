using System.Globalization;
using System.Text;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;

namespace KmsTool.Instance.Commands;

/// <summary>A description for people. The enclave wrote it, so what it says is made fit for a terminal.</summary>
internal static class DescriptionText
{
    public static string Format(DescribeReply reply)
    {
        var text = new StringBuilder();
        Line(text, "Version", reply.Version);
        Line(text, "Uptime", TimeSpan.FromSeconds(Math.Clamp(reply.UptimeSeconds, 0, int.MaxValue)).ToString("c", CultureInfo.InvariantCulture));
        Line(text, "Module", reply.ModuleId);
        Line(text, "Debug mode", reply.DebugMode ? "YES: PCR0 is all zeros, its attestation proves nothing" : "no");
        foreach ((string index, string value) in reply.Pcrs.OrderBy(pcr => pcr.Key.Length).ThenBy(pcr => pcr.Key, StringComparer.Ordinal))
        {
            Line(text, "PCR" + index, value);
        }

        EnclavePins pins = reply.Pins;
        Line(text, "Region", pins.Region ?? "of the instance's choice");
        Line(text, "KMS endpoint", pins.KmsEndpoint ?? "the region's own");
        Line(text, "FIPS endpoint", pins.Fips ? "yes" : "no");
        Line(text, "Trust anchors", pins.CaBundle ?? "the system's");
        Line(text, "Refuses debug mode", pins.RefuseDebugMode ? "yes" : "no");
        Line(text, "Refuses clock skew", pins.RefuseClockSkew ? "yes" : "no");
        Line(text, "Refuses other RNG", pins.RefuseOtherRandomSource ? "yes" : "no");
        Line(text, "Keys", pins.AllowKey is { } keys ? string.Join(", ", keys) : "any");
        Line(text, "Context", pins.RequireEncryptionContext is { } context ? string.Join(", ", context) : "any");
        Line(text, "Operations", pins.Operations is { } operations ? string.Join(", ", operations) : "all");
        Line(text, "Replies with", pins.Reply);
        EnclaveLimits limits = reply.Limits;
        Line(text, "Limits", string.Create(CultureInfo.InvariantCulture,
            $"{limits.MaxMessageSize} bytes a message, {limits.MaxConnections} connections, {limits.MaxPending} commands of one at once"));
        if (limits.MessageBudget is { } budget)
        {
            Line(text, "Message budget", string.Create(CultureInfo.InvariantCulture, $"{budget} bytes for all connections"));
        }

        Line(text, "Timeouts", string.Create(CultureInfo.InvariantCulture,
            $"{limits.IdleTimeoutSeconds} s idle, {limits.RequestTimeoutSeconds} s a command, {limits.SendTimeoutSeconds} s a reply"));
        EnclaveCounters counters = reply.Counters;
        Line(text, "Connections", string.Create(CultureInfo.InvariantCulture,
            $"{counters.ConnectionsOpen} open, {counters.ConnectionsAccepted} accepted, {counters.ConnectionsRefused} refused"));
        foreach ((string operation, OperationCounters count) in counters.Operations)
        {
            if (count.Succeeded + count.Failed > 0)
            {
                Line(text, operation, string.Create(CultureInfo.InvariantCulture, $"{count.Succeeded} succeeded, {count.Failed} failed"));
            }
        }

        return text.ToString();
    }

    private static void Line(StringBuilder text, string name, string value) =>
        text.Append(CultureInfo.InvariantCulture, $"{TerminalText.Neutralize(name) + ":",-20} {TerminalText.Neutralize(value)}\n");
}
