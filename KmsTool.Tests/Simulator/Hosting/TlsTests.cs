using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using KmsTool.Simulator.Faults;

namespace KmsTool.Tests.Simulator.Hosting;

public sealed class TlsTests
{
    [Theory]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("kms.eu-west-1.amazonaws.com")]
    [InlineData("kms-fips.eu-west-1.amazonaws.com")]
    [InlineData("sts.eu-west-1.amazonaws.com")]
    [InlineData("sts.amazonaws.com")]
    [InlineData("kms.example.test")]
    public async Task Certificate_isForTheNamesOfAwsAndThoseGiven(string name)
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync(
            options => options with { Region = "eu-west-1", TlsNames = ["kms.example.test"] });

        Assert.Equal(SslPolicyErrors.None, await HandshakeAsync(simulator, name));
    }

    [Fact]
    public async Task Certificate_isForNoOtherName()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();

        Assert.Equal(SslPolicyErrors.RemoteCertificateNameMismatch, await HandshakeAsync(simulator, "kms.eu-west-1.amazonaws.com"));
    }

    [Fact]
    public async Task Fault_givesNewConnectionsAWrongCertificate()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();

        foreach ((SimulatorFault fault, SslPolicyErrors expected) in ((SimulatorFault, SslPolicyErrors)[])
            [
                (SimulatorFault.TlsWrongName, SslPolicyErrors.RemoteCertificateNameMismatch),
                (SimulatorFault.TlsExpired, SslPolicyErrors.RemoteCertificateChainErrors),
                (SimulatorFault.TlsUntrusted, SslPolicyErrors.RemoteCertificateChainErrors),
            ])
        {
            simulator.Host.Faults[fault] = true;
            Assert.Equal(expected, await HandshakeAsync(simulator, "localhost"));
            simulator.Host.Faults[fault] = false;
            Assert.Equal(SslPolicyErrors.None, await HandshakeAsync(simulator, "localhost"));
        }
    }

    [Fact]
    public async Task Handshake_belowTls12_isRefused()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();

#pragma warning disable CA5397, SYSLIB0039, CS0618 // An outdated version on purpose.
        await Assert.ThrowsAnyAsync<Exception>(() => HandshakeAsync(simulator, "localhost", SslProtocols.Tls11));
#pragma warning restore CA5397, SYSLIB0039, CS0618
    }

    /// <summary>Connects as a client that trusts the simulator's authority; tells what it had against the certificate.</summary>
    private static async Task<SslPolicyErrors> HandshakeAsync(
        RunningSimulator simulator, string name, SslProtocols protocols = SslProtocols.None)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, simulator.Host.KmsEndpoint.Port);
        SslPolicyErrors seen = default;
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(simulator.Host.TlsAuthority);
        await using var tls = new SslStream(tcp.GetStream());
        try
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = name,
                EnabledSslProtocols = protocols,
                CertificateChainPolicy = policy,
                RemoteCertificateValidationCallback = (_, _, _, errors) => (seen = errors) == SslPolicyErrors.None,
            });
        }
        catch (AuthenticationException) when (seen != SslPolicyErrors.None)
        {
            // As it should be: the caller is told why.
        }

        return seen;
    }
}
