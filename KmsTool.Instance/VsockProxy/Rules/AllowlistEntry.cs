using KmsTool.Proxying.Hosts;
namespace KmsTool.Instance.VsockProxy.Rules;

/// <summary>Destinations that are allowed.</summary>
/// <param name="Host">Names or addresses.</param>
/// <param name="Ports">TCP ports.</param>
internal sealed record AllowlistEntry(HostPattern Host, PortRange Ports);
