using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using KmsTool.Enclave.Egress;
using KmsTool.Enclave.Kms;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Kms;

/// <summary>The way to KMS over every transport, with a parent that takes nothing.</summary>
public sealed class KmsChannelTransportTests : IDisposable
{
    private const string Host = "kms.us-east-1.amazonaws.com";

    private readonly TempDirectory _directory = new();
    private readonly CancellationTokenSource _patience = new(Transports.Patience);
    private readonly X509Certificate2 _certificate = SelfSigned.Create(Host);

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task SendAsync_whose_request_nobody_reads_ends_when_cancelled(string transport)
    {
        await using var listener = StreamListener.Bind(Transports.Address(transport, _directory));
        using KmsChannel channel = Channel(listener);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_patience.Token);
        using HttpRequestMessage request = Request(length: 16 << 20);
        Task<KmsHttpResponse> answering = channel.SendAsync(request, deadline.Token);
        using Socket accepted = await listener.AcceptAsync(_patience.Token);
        await using SslStream tls = await SelfSigned.AcceptAsync(accepted, _certificate, _patience.Token);

        // The request has begun, and the rest of it, which the buffers between cannot hold, is never read.
        Assert.NotEqual(0, await tls.ReadAsync(new byte[1], _patience.Token));
        await deadline.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answering.WaitAsync(Transports.Patience));
    }

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task SendAsync_whose_request_nobody_reads_ends_when_the_peer_goes_or_the_time_is_up(string transport)
    {
        await using var listener = StreamListener.Bind(Transports.Address(transport, _directory));
        using KmsChannel channel = Channel(listener);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_patience.Token);
        using HttpRequestMessage request = Request(length: 16 << 20);
        Task<KmsHttpResponse> answering = channel.SendAsync(request, deadline.Token);
        using Socket accepted = await listener.AcceptAsync(_patience.Token);
        await using SslStream tls = await SelfSigned.AcceptAsync(accepted, _certificate, _patience.Token);
        Assert.NotEqual(0, await tls.ReadAsync(new byte[1], _patience.Token));

        accepted.Dispose();
        deadline.CancelAfter(TimeSpan.FromSeconds(2));

        Exception e = await Assert.ThrowsAnyAsync<Exception>(() => answering.WaitAsync(Transports.Patience));
        Assert.True(e is KmsException or OperationCanceledException, e.ToString());
    }

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task SendAsync_to_a_parent_that_takes_no_handshake_ends_when_cancelled(string transport)
    {
        await using var listener = StreamListener.Bind(
            Transports.Address(transport, _directory), new StreamSocketOptions(StreamSocketOptions.MinVsockBufferSize));
        using KmsChannel channel = Channel(listener);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_patience.Token);
        using HttpRequestMessage request = Request(length: 1);
        Task<KmsHttpResponse> answering = channel.SendAsync(request, deadline.Token);
        using Socket accepted = await listener.AcceptAsync(_patience.Token);

        await deadline.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answering.WaitAsync(Transports.Patience));
    }

    public void Dispose()
    {
        _certificate.Dispose();
        _patience.Dispose();
        _directory.Dispose();
    }

    private KmsChannel Channel(StreamListener listener)
    {
        File.WriteAllText(_directory["ca.pem"], _certificate.ExportCertificatePem());
        return new KmsChannel(ParentRoutes.To(listener.LocalAddress), TrustAnchors.Read(_directory["ca.pem"]));
    }

    private static HttpRequestMessage Request(int length) =>
        new(HttpMethod.Post, $"https://{Host}/") { Content = new ByteArrayContent(new byte[length]) };
}
