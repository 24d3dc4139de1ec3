using KmsTool.Protocol.Vsock;

namespace KmsTool.Instance.VsockProxy.Rules;

/// <summary>A place to listen at, and where connections to it lead.</summary>
/// <param name="Local">Where it listens.</param>
/// <param name="Remote">The destination of all connections; <see langword="null"/> where each asks for one (CONNECT).</param>
/// <param name="Peers">Who may connect; <see langword="null"/> for anybody.</param>
/// <param name="MaxConnections">Connections at once; <see langword="null"/> for the program's default.</param>
/// <param name="Line">Where it stands in the file.</param>
internal sealed record ListenerEntry(StreamAddress Local, StreamAddress.Tcp? Remote, PeerList? Peers, int? MaxConnections, long Line);
