using KmsTool.Instance.VsockProxy.Rules;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Instance.VsockProxy;

/// <summary>What a proxy does, until a reload says otherwise.</summary>
/// <param name="Listeners">Where it listens, and what for.</param>
/// <param name="MaxConnections">Connections at once of all listeners together, those that it has no more included.</param>
internal sealed record ProxyPlan(IReadOnlyList<ListenerPlan> Listeners, int MaxConnections);

/// <summary>What a listener does, until a reload says otherwise.</summary>
/// <param name="Local">Where it listens.</param>
/// <param name="Route">Where connections lead.</param>
/// <param name="Peers">The peers that may connect; <see langword="null"/> for any peer.</param>
/// <param name="MaxConnections">Connections at once.</param>
/// <param name="MaxPerPeer">Connections of one peer at once; further ones are refused. <see langword="null"/> for any number.</param>
internal sealed record ListenerPlan(StreamAddress Local, IRoute Route, PeerList? Peers, int MaxConnections, int? MaxPerPeer);
