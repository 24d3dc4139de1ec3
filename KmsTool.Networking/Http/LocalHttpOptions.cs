using System.Net;
using System.Net.Security;

namespace KmsTool.Networking.Http;

/// <summary>Where and how a <see cref="LocalHttpServer"/> listens.</summary>
internal sealed record LocalHttpOptions
{
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port, or 0 for any.</summary>
    public int Port { get; init; }

    /// <summary>Gives the TLS options of each connection; <see langword="null"/> for plain HTTP.</summary>
    public Func<SslServerAuthenticationOptions>? Tls { get; init; }

    /// <summary>
    /// Connections open at once. The one that has been without a request for the longest time gives way to a further one, which
    /// waits when every connection has a request.
    /// </summary>
    public int MaxConnections { get; init; } = 20_000;

    /// <summary>How long a connection may be silent before its first request and between requests.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long the head of a request may take.</summary>
    public TimeSpan HeadTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a body may come slower than 240 bytes a second.</summary>
    public TimeSpan BodyPatience { get; init; } = TimeSpan.FromSeconds(5);
}
