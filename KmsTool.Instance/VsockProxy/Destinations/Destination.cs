using System.Net;
using System.Net.Sockets;
using KmsTool.Protocol;

namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>Connects to a destination: one address, or a name with any number of them.</summary>
internal sealed class Destination(DestinationSettings options, NameResolver names, HappyEyeballs eyeballs, TimeProvider time)
{
    private const int KeepAliveSeconds = 60;

    // An address is never looked up.
    private readonly IReadOnlyList<IPAddress>? _fixed =
        options.Addresses ?? (IPAddress.TryParse(options.Host, out IPAddress? address) ? [address] : null);

    private readonly string _requester = options.Requester ?? options.ToString();

    /// <summary>Its text form, for messages.</summary>
    public string Name { get; } = options.ToString();

    /// <summary>Says why an address is never connected to: only the other family is allowed.</summary>
    /// <param name="host">Name or IP address.</param>
    /// <param name="family">The only family, or <see cref="AddressFamily.Unspecified"/>.</param>
    /// <param name="familyOption">The setting that chose the family, for the message.</param>
    /// <returns><see langword="null"/> for any other host.</returns>
    public static string? FindFamilyFault(string? host, AddressFamily family, string? familyOption) =>
        family != AddressFamily.Unspecified && IPAddress.TryParse(host, out IPAddress? address) && address.AddressFamily != family
            ? $"{host} is not an {(family == AddressFamily.InterNetwork ? "IPv4" : "IPv6")} address{(familyOption is null ? "" : $", as {familyOption} asks")}"
            : null;

    /// <exception cref="DestinationException">It cannot be reached, or not within the time for it.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public async Task<Socket> ConnectAsync(CancellationToken cancellationToken)
    {
        if (FindFamilyFault(options.Host, options.Family, options.FamilyOption) is { } fault)
        {
            throw new DestinationException(DestinationFailure.NotAllowed, fault);
        }

        using var deadline = new Deadline(options.ConnectTimeout, time, cancellationToken);
        try
        {
            Socket socket = _fixed is null ? await ConnectByNameAsync(deadline.Token) : await ConnectAsync(_fixed, deadline.Token);
            KeepAlive(socket);
            return socket;
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DestinationException(DestinationFailure.TimedOut, $"no answer within {options.ConnectTimeout.TotalSeconds:0.###} s", e);
        }
    }

    /// <summary>Addresses of AWS services change: when all known ones fail, those that the name has now get a chance.</summary>
    private async Task<Socket> ConnectByNameAsync(CancellationToken cancellationToken)
    {
        Resolution known = await names.ResolveAsync(_requester, cancellationToken);
        try
        {
            return await ConnectAsync(Admit(known.Addresses), cancellationToken);
        }
        catch (Exception e) when (e is DestinationException { Failure: not DestinationFailure.NotAllowed } or OperationCanceledException)
        {
            // When the time is up the lookup is for the connections that follow.
            Task<Resolution> again = names.ResolveAgainAsync(known, _requester, cancellationToken);
            IPAddress[] others = [.. (await again).Addresses.Except(known.Addresses)];
            if (others.Length == 0)
            {
                throw;
            }

            return await ConnectAsync(Admit(others), cancellationToken);
        }
    }

    private IPAddress[] Admit(IReadOnlyList<IPAddress> addresses)
    {
        IPAddress[] admitted = [.. addresses.Where(address => options.Filter(address))];
        return admitted.Length > 0
            ? admitted
            : throw new DestinationException(DestinationFailure.NotAllowed,
                $"its address {addresses[0]} is not allowed. {SpecialAddresses.Advice}");
    }

    private Task<Socket> ConnectAsync(IReadOnlyList<IPAddress> addresses, CancellationToken cancellationToken) =>
        eyeballs.ConnectAsync(addresses, options.Port, _requester, cancellationToken);

    // A destination that vanishes without a word would hold its connection for ever.
    private static void KeepAlive(Socket socket)
    {
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new DestinationException(DestinationFailure.Unreachable, e.Message, e);
        }
    }
}
