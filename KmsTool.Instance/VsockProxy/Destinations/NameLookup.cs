using System.Net;
using System.Net.Sockets;

namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>Gives the addresses of a name, as <see cref="LookupThreads.LookUpAsync"/>; blocks no thread of its caller.</summary>
internal delegate Task<IPAddress[]> NameLookup(string name, AddressFamily family, CancellationToken cancellationToken);
