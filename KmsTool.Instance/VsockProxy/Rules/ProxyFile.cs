namespace KmsTool.Instance.VsockProxy.Rules;

/// <summary>What the operator's file says.</summary>
/// <param name="Allowlist">Which destinations are allowed.</param>
/// <param name="Listeners">Where to listen, if it is not the command line that says so.</param>
/// <param name="Ignored">Keys at the top level that this program does not know, and their lines.</param>
internal sealed record ProxyFile(Allowlist Allowlist, IReadOnlyList<ListenerEntry> Listeners, IReadOnlyList<(string Key, long Line)> Ignored);
