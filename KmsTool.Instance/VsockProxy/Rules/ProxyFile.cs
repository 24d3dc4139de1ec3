namespace KmsTool.Instance.VsockProxy.Rules;

/// <summary>What the operator's file says.</summary>
/// <param name="Allowlist">Which destinations are allowed.</param>
/// <param name="Listeners">Where to listen, if it is not the command line that says so.</param>
internal sealed record ProxyFile(Allowlist Allowlist, IReadOnlyList<ListenerEntry> Listeners);
