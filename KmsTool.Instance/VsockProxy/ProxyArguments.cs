using KmsTool.Protocol.Vsock;

namespace KmsTool.Instance.VsockProxy;

/// <summary>Where the rules of a proxy come from.</summary>
/// <param name="Local">Where to listen, if the command line says so.</param>
/// <param name="Remote">The destination, if the command line says so.</param>
/// <param name="ConfigPath">The file, if the command line names one.</param>
/// <param name="NeedsFile">Whether there must be a file.</param>
internal sealed record ProxyArguments(StreamAddress? Local, StreamAddress.Tcp? Remote, string? ConfigPath, bool NeedsFile);
