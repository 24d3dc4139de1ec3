using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KmsTool.Simulator.Hosting;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Simulator.Hosting;

public sealed class SimulatorHostTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Start_twiceInAFolder_keepsTheAuthoritiesAndNothingElse()
    {
        (string tls, string nsm, string accessKeyId, string keyArn) first = await RunOnceAsync();
        (string tls, string nsm, string accessKeyId, string keyArn) second = await RunOnceAsync();

        Assert.Equal(first.tls, second.tls);
        Assert.Equal(first.nsm, second.nsm);
        Assert.NotEqual(first.accessKeyId, second.accessKeyId);
        Assert.NotEqual(first.keyArn, second.keyArn);
    }

    [Fact]
    public async Task Start_whileAnotherUsesTheFolder_isRefusedAndHarmsNothing()
    {
        await using SimulatorHost host = await StartAsync();
        string exports = File.ReadAllText(host.Files.Environment);

        IOException e = await Assert.ThrowsAsync<IOException>(StartAsync);

        Assert.Contains("another simulator uses", e.Message, StringComparison.Ordinal);
        Assert.Equal(exports, File.ReadAllText(host.Files.Environment));
        Assert.True(File.Exists(host.Files.NsmSocket));
    }

    [Fact]
    public async Task Start_onAPortInUse_failsAndLeavesTheFolderFree()
    {
        using var other = new TempDirectory();
        await using (SimulatorHost host = await StartAsync())
        {
            var options = new SimulatorOptions { Directory = other.Path, Port = host.KmsEndpoint.Port };
            await Assert.ThrowsAsync<IOException>(() => SimulatorHost.StartAsync(options, CancellationToken.None));
        }

        Assert.False(File.Exists(other["nsm.sock"]));
        Assert.False(File.Exists(other["env.sh"]));
        await using (await SimulatorHost.StartAsync(new() { Directory = other.Path }, CancellationToken.None))
        {
        }
    }

    [Fact]
    public async Task Start_folderWithTooLongAName_failsWithAReason()
    {
        string directory = _directory[new string('x', 100)];

        IOException e = await Assert.ThrowsAsync<IOException>(
            () => SimulatorHost.StartAsync(new() { Directory = directory }, CancellationToken.None));

        Assert.Contains("at most 107 bytes", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_areForTheOwnerOnly()
    {
        await using SimulatorHost host = await StartAsync();

        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        string pki = _directory["pki"];
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(pki));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(host.Files.Environment));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(host.Files.NsmSocket));
        foreach (string key in (string[])["tls-ca.key", "nsm-root.key"])
        {
            Assert.Equal(OwnerOnly, File.GetUnixFileMode(Path.Combine(pki, key)));
        }

        Assert.Empty(Directory.GetFiles(_directory.Path, "*.new", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task CertificateFiles_holdNoPrivateKey()
    {
        await using SimulatorHost host = await StartAsync();

        foreach (string path in (string[])[host.Files.CaBundle, host.Files.NsmRoot])
        {
            Assert.DoesNotContain("PRIVATE", File.ReadAllText(path), StringComparison.Ordinal);
            using X509Certificate2 certificate = X509CertificateLoader.LoadCertificateFromFile(path);
            Assert.Contains("not AWS", certificate.Subject, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task NsmRoot_withoutItsKey_isAnError()
    {
        await RunOnceAsync();
        File.WriteAllText(Path.Combine(_directory["pki"], "nsm-root.key"), "");

        await Assert.ThrowsAnyAsync<CryptographicException>(StartAsync);
    }

    private Task<SimulatorHost> StartAsync() => SimulatorHost.StartAsync(new() { Directory = _directory.Path }, CancellationToken.None);

    private async Task<(string Tls, string Nsm, string AccessKeyId, string KeyArn)> RunOnceAsync()
    {
        await using SimulatorHost host = await StartAsync();
        return (host.TlsAuthority.Thumbprint, host.NsmRoot.Thumbprint, host.Administrator.AccessKeyId, host.CreateKey());
    }
}
