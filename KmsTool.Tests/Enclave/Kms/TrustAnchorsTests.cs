using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KmsTool.Enclave.Egress;
using KmsTool.Enclave.Kms;
using KmsTool.Protocol.Messages;
using KmsTool.Protocol.Sockets;
using KmsTool.Simulator.Pki;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Kms;

/// <summary>Which certificates prove KMS's name.</summary>
public sealed class TrustAnchorsTests : IDisposable
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private static readonly KmsEndpoint Kms = KmsEndpoint.ForRegion("us-east-1", fips: false)!;

    private readonly TempDirectory _directory = new();
    private readonly CancellationTokenSource _patience = new(Transports.Patience);
    private readonly Validity _validity = Validity.Around(TimeProvider.System.GetUtcNow(), TimeSpan.FromDays(1), TimeSpan.FromDays(1));
    private readonly X509Certificate2 _root;
    private readonly X509Certificate2 _intermediate;

    public TrustAnchorsTests()
    {
        _root = CertificateIssuer.IssueRoot("CN=root", ECCurve.NamedCurves.nistP256, _validity);
        _intermediate = CertificateIssuer.IssueAuthority(_root, "CN=intermediate", pathLength: 0, _validity);
    }

    public void Dispose()
    {
        _intermediate.Dispose();
        _root.Dispose();
        _patience.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Handshake_with_the_intermediate_that_the_server_sends_succeeds()
    {
        using X509Certificate2 leaf = Leaf(_intermediate, Names());

        await ProveRouteAsync(Bundle(_root), leaf, _intermediate);
    }

    [Fact]
    public async Task Handshake_with_an_intermediate_of_the_bundle_is_refused()
    {
        using X509Certificate2 leaf = Leaf(_intermediate, Names());

        await AssertRefusedAsync("PartialChain", Bundle(_root, _intermediate), leaf);
    }

    [Fact]
    public async Task Handshake_with_an_intermediate_of_the_users_store_is_refused()
    {
        using X509Certificate2 leaf = Leaf(_intermediate, Names());

        ProgramResult result = await GenerateRandomAsync(leaf, Store("ca", _intermediate), "--ca-bundle", Bundle(_root));

        Assert.Equal((4, ""), (result.ExitCode, result.Output));
        Assert.Contains("KmsTlsFailed", result.Error, StringComparison.Ordinal);
        Assert.Contains("PartialChain", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Handshake_with_the_name_in_the_subject_alone_is_refused(bool hasEmail)
    {
        var email = new SubjectAlternativeNameBuilder();
        email.AddEmailAddress("a@example.com");
        using X509Certificate2 leaf = Leaf(_root, hasEmail ? [email.Build()] : []);

        await AssertRefusedAsync("RemoteCertificateNameMismatch", Bundle(_root), leaf);
    }

    [Fact]
    public async Task Handshake_downloads_neither_issuers_nor_revocation_lists()
    {
        using var web = new TcpListener(IPAddress.Loopback, 0);
        web.Start();
        string url = $"http://{web.LocalEndpoint}/";
        using X509Certificate2 orphan = Leaf(_intermediate, [.. Names(), new X509AuthorityInformationAccessExtension([url], [url])]);
        using X509Certificate2 revocable = Leaf(_root, [.. Names(), CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([url])]);

        await AssertRefusedAsync("PartialChain", Bundle(_root), orphan);
        await ProveRouteAsync(Bundle(_root), revocable);

        Assert.False(web.Pending());
    }

    [Theory]
    [InlineData("empty", "")]
    [InlineData("text", "no certificate at all")]
    [InlineData("broken", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
    [InlineData("intermediate", null)]
    [InlineData("missing", null)]
    [InlineData("", null)]
    public async Task Serve_with_a_bundle_that_holds_no_root_names_path_and_option_and_starts_nothing(string name, string? content)
    {
        if (content is not null)
        {
            File.WriteAllText(_directory[name], content);
        }
        else if (name == "intermediate")
        {
            File.WriteAllText(_directory[name], _intermediate.ExportCertificatePem());
        }

        string path = name.Length > 0 ? _directory[name] : "";
        // Exit code 4 would tell that the Nitro Secure Module had been tried before.
        ProgramResult result = await ProgramRunner.RunAsync(
            "kmstool-enclave", ["serve", "--listen", "unix:" + _directory["e.sock"], "--nsm", "/nonexistent/nsm", "--ca-bundle", path]);

        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        string error = Assert.Single(result.Error.TrimEnd('\n').Split('\n'));
        Assert.Contains($"'{path}'", error, StringComparison.Ordinal);
        Assert.Contains("--ca-bundle", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Root_of_the_users_store_or_of_SSL_CERT_DIR_is_not_trusted(bool inStore)
    {
        using X509Certificate2 leaf = Leaf(_root, Names());
        using X509Certificate2 other = CertificateIssuer.IssueRoot("CN=other", ECCurve.NamedCurves.nistP256, _validity);
        Directory.CreateDirectory(_directory["certs"]);
        File.WriteAllText(Path.Combine(_directory["certs"], "root.pem"), _root.ExportCertificatePem());
        Dictionary<string, string> environment = inStore ? Store("root", _root) : new() { ["SSL_CERT_DIR"] = _directory["certs"] };
        environment["SSL_CERT_FILE"] = Bundle(other);

        ProgramResult result = await GenerateRandomAsync(leaf, environment);

        Assert.Equal((4, ""), (result.ExitCode, result.Output));
        Assert.Contains("KmsTlsFailed", result.Error, StringComparison.Ordinal);
        Assert.Contains("PartialChain", result.Error, StringComparison.Ordinal);
    }

    private static X509Extension[] Names()
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(Kms.Host);
        return [names.Build()];
    }

    private X509Certificate2 Leaf(X509Certificate2 issuer, X509Extension[] extensions) => CertificateIssuer.IssueLeaf(
        issuer, "CN=" + Kms.Host, _validity, [new X509EnhancedKeyUsageExtension([new Oid(ServerAuthentication)], critical: false), .. extensions]);

    private string Bundle(params X509Certificate2[] certificates)
    {
        string path = _directory[Guid.NewGuid().ToString("N")];
        File.WriteAllLines(path, certificates.Select(certificate => certificate.ExportCertificatePem()));
        return path;
    }

    /// <summary>A home whose store of .NET holds a certificate.</summary>
    private Dictionary<string, string> Store(string name, X509Certificate2 certificate)
    {
        string store = Path.Combine(_directory["home"], ".dotnet/corefx/cryptography/x509stores", name);
        Directory.CreateDirectory(store);
        using X509Certificate2 withoutKey = X509CertificateLoader.LoadCertificate(certificate.RawData);
        File.WriteAllBytes(Path.Combine(store, certificate.Thumbprint + ".pfx"), withoutKey.Export(X509ContentType.Pkcs12));
        return new Dictionary<string, string> { ["HOME"] = _directory["home"] };
    }

    private async Task AssertRefusedAsync(string reason, string bundle, X509Certificate2 leaf)
    {
        KmsException e = await Assert.ThrowsAsync<KmsException>(() => ProveRouteAsync(bundle, leaf));

        Assert.Equal(ErrorCodes.KmsTlsFailed, e.Code);
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
    }

    private async Task ProveRouteAsync(string bundle, X509Certificate2 leaf, params X509Certificate2[] sent)
    {
        await using var listener = StreamListener.Bind(new StreamAddress.Unix(_directory["kms.sock"]));
        using var channel = new KmsChannel(ParentRoutes.To(listener.LocalAddress), TrustAnchors.Read(bundle));
        Task serving = ServeAsync(listener, leaf, sent);
        await channel.ProveRouteAsync(Kms, _patience.Token);
        await serving;
    }

    /// <summary>Runs a command of the enclave with a server in KMS's place.</summary>
    private async Task<ProgramResult> GenerateRandomAsync(X509Certificate2 leaf, Dictionary<string, string> environment, params string[] arguments)
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using var listener = StreamListener.Bind(new StreamAddress.Unix(_directory["kms.sock"]));
        (environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]) = ("AKIDEXAMPLE", "secret");
        Task<ProgramResult> running = ProgramRunner.RunAsync(
            "kmstool-enclave",
            ["genrandom", "--length", "8", "--nsm", enclave.Options.Kms.Nsm, "--proxy", listener.LocalAddress.ToString(), .. arguments],
            environment);
        await Task.WhenAny(running, ServeAsync(listener, leaf, []));
        return await running;
    }

    /// <summary>Serves one request of one connection.</summary>
    private async Task ServeAsync(StreamListener listener, X509Certificate2 leaf, X509Certificate2[] sent)
    {
        using Socket accepted = await listener.AcceptAsync(_patience.Token);
        await using var tls = new SslStream(new NetworkStream(accepted));
        try
        {
            await tls.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions { ServerCertificateContext = SslStreamCertificateContext.Create(leaf, [.. sent], offline: true) }, _patience.Token);
            if (await tls.ReadAsync(new byte[1024], _patience.Token) > 0)
            {
                await tls.WriteAsync("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), _patience.Token);
            }
        }
        catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
        {
            // The client refused; its own error is what is tested.
        }
    }
}
