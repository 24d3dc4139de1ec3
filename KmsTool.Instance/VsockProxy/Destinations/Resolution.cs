using System.Net;

namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>The addresses that a name had.</summary>
/// <param name="Addresses">At least one, in the order in which the system prefers them.</param>
/// <param name="Timestamp">When they came, on the <see cref="TimeProvider"/>'s clock.</param>
internal sealed record Resolution(IReadOnlyList<IPAddress> Addresses, long Timestamp);
