namespace KmsTool.Instance.VsockProxy;

/// <summary>What a proxy does, until a reload says otherwise.</summary>
/// <param name="Listeners">Where it listens, and what for.</param>
/// <param name="MaxConnections">Connections at once of all listeners together, those that it has no more included.</param>
internal sealed record ProxyPlan(IReadOnlyList<ListenerPlan> Listeners, int MaxConnections);
