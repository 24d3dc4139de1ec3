using System.Net;
using System.Net.Sockets;

namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>Asks the system for the addresses of a name, as <see cref="Dns.GetHostAddressesAsync(string, AddressFamily, CancellationToken)"/>.</summary>
internal delegate Task<IPAddress[]> NameLookup(string name, AddressFamily family, CancellationToken cancellationToken);
