using System.Net.Sockets;
using KmsTool.Enclave.Egress;
using KmsTool.Instance.Client;
using KmsTool.Protocol.Messages;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace KmsTool.Tests.Protocol.Sockets;

/// <summary>What vsock alone has: CIDs, its own errors, its buffers.</summary>
public sealed class VsockSocketTests : IDisposable
{
    /// <summary>A CID that no machine has.</summary>
    internal static readonly StreamAddress.Vsock Nowhere = new(0x7FFFFFF0, 3000);

    private readonly TempDirectory _directory = new();
    private readonly CancellationTokenSource _patience = new(Transports.Patience);

    [VsockFact]
    public async Task RemoteEndPoint_of_an_accepted_connection_is_the_peers_CID_and_port()
    {
        await using TransportPair pair = await TransportPair.ConnectAsync(Transports.Vsock, _patience.Token);

        VsockEndPoint remote = Assert.IsType<VsockEndPoint>(pair.Server.RemoteEndPoint);

        VsockEndPoint local = Assert.IsType<VsockEndPoint>(pair.Client.LocalEndPoint);
        Assert.Equal((Transports.LocalCid, local.Port), (remote.Cid, remote.Port));
    }

    [VsockFact]
    public async Task ConnectAsync_to_a_CID_that_is_not_there_fails_and_the_instance_says_so()
    {
        SocketException e = await Assert.ThrowsAsync<SocketException>(() => StreamConnector.ConnectAsync(Nowhere, null, _patience.Token).AsTask());

        Assert.True(e.SocketErrorCode is SocketError.TimedOut or SocketError.SocketError, e.SocketErrorCode.ToString());
        EnclaveException failure = await Assert.ThrowsAsync<EnclaveException>(() => EnclaveConnection.ConnectAsync(
            Nowhere, new EnclaveConnectionOptions { Timeout = Transports.Patience }, _patience.Token));
        Assert.Equal(EnclaveFailure.CouldNotConnect, failure.Failure);
        Assert.Contains($"{Nowhere}: there is no machine with that CID", failure.Message, StringComparison.Ordinal);
    }

    [VsockTheory]
    [InlineData(null, 262144UL)]
    [InlineData(1024UL, 1024UL)]
    [InlineData(3584UL, 3584UL)]
    [InlineData(1048576UL, 1048576UL)]
    [InlineData(16777216UL, 16777216UL)]
    public async Task VsockBufferSize_is_that_of_both_ends(ulong? asked, ulong expected)
    {
        await using TransportPair pair = await TransportPair.ConnectAsync(Transports.Vsock, new StreamSocketOptions(asked), _patience.Token);

        Assert.Equal(expected, pair.Client.VsockBufferSize());
        Assert.Equal(expected, pair.Server.VsockBufferSize());
        // Asking does no harm, as other options would.
        Assert.True(pair.Client.Connected && pair.Server.Connected);
    }

    [VsockFact]
    public async Task VsockBufferSize_of_a_listener_is_what_a_peer_may_send_before_it_is_accepted()
    {
        await using var listener = StreamListener.Bind(
            Transports.Address(Transports.Vsock, _directory), new StreamSocketOptions(3584));

        using Socket client = await StreamConnector.ConnectAsync(listener.LocalAddress, null, _patience.Token);

        Assert.Equal(3584, client.SendWhatIsTaken());
        Assert.Equal(262144UL, client.VsockBufferSize());
    }

    [VsockFact]
    public async Task Sockets_of_ParentRoutes_reach_every_connection()
    {
        await using var listener = StreamListener.Bind(Transports.Address(Transports.Vsock, _directory));
        var routes = new ParentRoutes
        {
            Fixed = new Dictionary<(string, int), StreamAddress> { [("kms.test", 443)] = listener.LocalAddress },
            Other = listener.LocalAddress,
            Sockets = new StreamSocketOptions(3584),
        };

        using Socket own = await routes.ConnectAsync("kms.test", 443, _patience.Token);
        using Socket other = await routes.ConnectAsync("other.test", 443, _patience.Token);

        Assert.Equal((3584UL, 3584UL), (own.VsockBufferSize(), other.VsockBufferSize()));
    }

    [VsockFact]
    public async Task Sockets_of_the_instances_client_reach_its_connection()
    {
        await using var listener = StreamListener.Bind(Transports.Address(Transports.Vsock, _directory));
        await using EnclaveConnection connection = await EnclaveConnector.ConnectAsync(
            listener.LocalAddress, new StreamSocketOptions(3584), Transports.Patience, TimeProvider.System, NullLogger.Instance, _patience.Token);
        using Socket enclave = await listener.AcceptAsync(_patience.Token);

        // It reads when it has asked something.
        Assert.Equal(3584, enclave.SendWhatIsTaken());
    }

    public void Dispose()
    {
        _patience.Dispose();
        _directory.Dispose();
    }
}
