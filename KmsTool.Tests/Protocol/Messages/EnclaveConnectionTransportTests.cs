using System.Net.Sockets;
using System.Text;
using KmsTool.Protocol.Messages;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Protocol.Messages;

/// <summary>What a user is told over each transport when there is no enclave, or none any more.</summary>
public sealed class EnclaveConnectionTransportTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly CancellationTokenSource _patience = new(Transports.Patience);

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task ConnectAsync_where_nobody_listens_is_told_in_plain_words(string transport)
    {
        var listener = StreamListener.Bind(Transports.Address(transport, _directory));
        await listener.DisposeAsync();

        EnclaveException e = await Assert.ThrowsAsync<EnclaveException>(() => ConnectAsync(listener.LocalAddress));

        string reason = transport switch
        {
            Transports.Vsock => "nobody listens on that port",
            Transports.Tcp => "Connection refused",
            _ => "The Unix socket does not exist",
        };
        Assert.Equal(EnclaveFailure.CouldNotConnect, e.Failure);
        Assert.Contains($"Could not connect to the enclave at {listener.LocalAddress}: {reason}", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task SendAsync_half_a_reply_before_an_abort_is_no_reply(string transport)
    {
        await using var listener = StreamListener.Bind(Transports.Address(transport, _directory));
        await using EnclaveConnection connection = await ConnectAsync(listener.LocalAddress);
        using Socket enclave = await listener.AcceptAsync(_patience.Token);
        Task<GenerateRandomResponse> replying = connection.GenerateRandomAsync(new GenerateRandomCommand { NumberOfBytes = 1 }, _patience.Token);
        Assert.NotEqual(0, await enclave.ReceiveAsync(new byte[4096], _patience.Token));

        // All of it but the NUL.
        await enclave.SendAsync(Encoding.ASCII.GetBytes("""{"Status":"Ok","Plaintext":"AA=="}"""), _patience.Token);
        enclave.LingerState = new LingerOption(true, 0);
        enclave.Dispose();

        EnclaveException e = await Assert.ThrowsAsync<EnclaveException>(() => replying);
        Assert.Equal(EnclaveFailure.ConnectionLost, e.Failure);
        Assert.True(
            e.Message.Contains("it closed the connection within its reply", StringComparison.Ordinal)
            || (transport == Transports.Tcp && e.Message.Contains("the connection failed", StringComparison.Ordinal)), e.Message);
    }

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task SendAsync_to_an_enclave_that_reads_nothing_is_given_up(string transport)
    {
        await using var listener = StreamListener.Bind(
            Transports.Address(transport, _directory), new StreamSocketOptions(StreamSocketOptions.MinVsockBufferSize));
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_patience.Token);
        EnclaveConnection connection = await ConnectAsync(listener.LocalAddress);
        using Socket enclave = await listener.AcceptAsync(_patience.Token);
        Task<DecryptResponse>[] replying =
            [.. Enumerable.Range(0, 200).Select(_ => connection.DecryptAsync(new DecryptCommand { Ciphertext = new byte[6144] }, deadline.Token))];

        enclave.Dispose();
        deadline.CancelAfter(TimeSpan.FromSeconds(2));

        foreach (Task<DecryptResponse> reply in replying)
        {
            Exception e = await Assert.ThrowsAnyAsync<Exception>(() => reply.WaitAsync(Transports.Patience));
            Assert.True(e is EnclaveException or OperationCanceledException, e.ToString());
        }

        await connection.DisposeAsync().AsTask().WaitAsync(Transports.Patience);
    }

    public void Dispose()
    {
        _patience.Dispose();
        _directory.Dispose();
    }

    private Task<EnclaveConnection> ConnectAsync(StreamAddress address) => EnclaveConnection.ConnectAsync(
        address, new EnclaveConnectionOptions { Timeout = Transports.Patience }, _patience.Token);
}
