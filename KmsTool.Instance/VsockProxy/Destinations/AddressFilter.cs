using System.Net;

namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>Whether an address may be connected to. IPv4 addresses come as such, never mapped into IPv6.</summary>
internal delegate bool AddressFilter(IPAddress address);
