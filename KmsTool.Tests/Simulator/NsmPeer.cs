using System.Net.Sockets;
using KmsTool.Protocol.Nsm;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Tests.Simulator;

/// <summary>A client of a simulated security module, over its real socket.</summary>
internal sealed class NsmPeer : IAsyncDisposable
{
    private NsmPeer(NetworkStream stream) => Stream = stream;

    public NetworkStream Stream { get; }

    public static async Task<NsmPeer> ConnectAsync(StreamAddress address) =>
        new(new NetworkStream(await StreamConnector.ConnectAsync(address, null, Timeout()), ownsSocket: true));

    public async Task<NsmResponse> SendAsync(NsmRequest request)
    {
        await NsmFraming.WriteAsync(Stream, request.Encode(), Timeout());
        byte[]? answer = await NsmFraming.ReadAsync(Stream, NsmLimits.MaxResponseLength, Timeout());
        return NsmResponse.Decode(Assert.IsType<byte[]>(answer));
    }

    /// <summary>Asks for an attestation document for a public key.</summary>
    public async Task<byte[]> AttestAsync(ReadOnlyMemory<byte>? publicKey)
    {
        NsmResponse answer = await SendAsync(new NsmRequest.Attestation(null, null, publicKey));
        return Assert.IsType<NsmResponse.Attestation>(answer).Document.ToArray();
    }

    public ValueTask DisposeAsync() => Stream.DisposeAsync();

    private static CancellationToken Timeout() => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;
}
