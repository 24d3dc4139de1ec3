using System.Net.Sockets;
using KmsTool.Enclave.Hosting;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace KmsTool.Tests.Enclave.Hosting;

public class EnclaveServerTransportTests
{
    [VsockFact]
    public async Task Start_gives_its_listener_the_sockets_options()
    {
        using var directory = new TempDirectory();
        using var patience = new CancellationTokenSource(Transports.Patience);
        await using TestEnclave other = await TestEnclave.StartAsync();
        ServeSettings options = other.Options with
        {
            Listen = Transports.Address(Transports.Vsock, directory),
            Kms = other.Options.Kms with { Sockets = new StreamSocketOptions(3584) },
        };
        await using AttestedKms kms = await AttestedKms.OpenAsync(
            options.Kms, TimeProvider.System, NullLogger.Instance, patience.Token);
        // It listens and serves nobody, so that nothing is read.
        await using var server = EnclaveServer.Start(kms, options, null, TimeProvider.System, NullLogger.Instance);

        using Socket peer = await StreamConnector.ConnectAsync(server.LocalAddress, null, patience.Token);

        Assert.Equal(3584, peer.SendWhatIsTaken());
    }
}
