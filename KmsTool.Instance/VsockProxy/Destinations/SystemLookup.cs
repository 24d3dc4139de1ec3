using System.Net;
using System.Net.Sockets;

namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>Asks the system for the addresses of a name, as <see cref="Dns.GetHostAddresses(string, AddressFamily)"/>; blocks its thread.</summary>
internal delegate IPAddress[] SystemLookup(string name, AddressFamily family);
