using System.Security.Cryptography.X509Certificates;
using KmsTool.Networking.Http;
using KmsTool.Protocol.Attestation;
using KmsTool.Protocol.Sockets;
using KmsTool.Simulator.Faults;
using KmsTool.Simulator.Iam;
using KmsTool.Simulator.Imds;
using KmsTool.Simulator.Kms;
using KmsTool.Simulator.Kms.Attestation;
using KmsTool.Simulator.Kms.Keys;
using KmsTool.Simulator.Kms.Operations;
using KmsTool.Simulator.Nsm;
using KmsTool.Simulator.Pki;
using KmsTool.Simulator.Sts;
using Microsoft.AspNetCore.Http;

namespace KmsTool.Simulator.Hosting;

/// <summary>
/// A running simulator: KMS and STS over HTTPS, IMDSv2 over HTTP, NSM on a Unix socket. A process can start several,
/// each in a folder of its own.
/// </summary>
internal sealed class SimulatorHost : IAsyncDisposable
{
    private readonly Stack<object> _owned = new();
    private readonly KeyStore _keys;

    private SimulatorHost(SimulatorOptions options)
    {
        Files = new SimulatorFiles(options.Directory);
        Account = new AwsAccount(options.AccountId, options.Region);
        Clock = new SimulatorClock { Offset = options.ClockOffset };
        Credentials = new IssuedCredentials(Clock);
        Administrator = Credentials.IssueLongLived(AwsPrincipal.Administrator(Account));
        _keys = Own(new KeyStore(Account, Clock));
        foreach (SimulatorFault fault in options.Faults)
        {
            Faults[fault] = true;
        }
    }

    public SimulatorFiles Files { get; }

    public AwsAccount Account { get; }

    /// <summary>The clock of KMS, STS, IMDS and NSM; its offset may be changed at any time.</summary>
    public SimulatorClock Clock { get; }

    /// <summary>The faults; may be switched at any time.</summary>
    public FaultSwitches Faults { get; } = new();

    public IssuedCredentials Credentials { get; }

    /// <summary>The key pair of a user whom IAM allows everything.</summary>
    public AwsCredential Administrator { get; }

    /// <summary>The role of the instance, or null.</summary>
    public InstanceRole? Role { get; private set; }

    /// <summary>The PCRs of the enclave behind <see cref="NsmAddress"/>; may be changed at any time.</summary>
    public PcrBank Pcrs { get; private set; } = null!;

    /// <summary>For example <c>https://127.0.0.1:35123/</c>.</summary>
    public Uri KmsEndpoint { get; private set; } = null!;

    /// <summary>The same address: KMS and STS share one.</summary>
    public Uri StsEndpoint => KmsEndpoint;

    public Uri ImdsEndpoint { get; private set; } = null!;

    public StreamAddress NsmAddress { get; private set; } = null!;

    /// <summary>The authority of the HTTPS certificate.</summary>
    public X509Certificate2 TlsAuthority { get; private set; } = null!;

    /// <summary>The root of the attestation documents.</summary>
    public X509Certificate2 NsmRoot { get; private set; } = null!;

    /// <summary>The variables that clients of the simulator need, the administrator's secret included.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Environment =>
    [
        new("AWS_ENDPOINT_URL_KMS", Format(KmsEndpoint)),
        new("AWS_ENDPOINT_URL_STS", Format(StsEndpoint)),
        // With the slash: the AWS CLI 2.9 of Debian 12 appends "latest/api/token" without one.
        new("AWS_EC2_METADATA_SERVICE_ENDPOINT", ImdsEndpoint.ToString()),
        new("AWS_CA_BUNDLE", Files.CaBundle),
        new("AWS_REGION", Account.Region),
        // Version 1 of the AWS CLI and boto3 read this variable instead.
        new("AWS_DEFAULT_REGION", Account.Region),
        new("AWS_ACCESS_KEY_ID", Administrator.AccessKeyId),
        new("AWS_SECRET_ACCESS_KEY", Administrator.SecretAccessKey),
        new("KMSTOOL_NSM", NsmAddress.ToString()),
    ];

    /// <summary>Starts everything and, last, writes the exports.</summary>
    /// <exception cref="IOException">The folder is in use or cannot be written, or a port or the socket's path is taken.</exception>
    public static async Task<SimulatorHost> StartAsync(SimulatorOptions options, CancellationToken cancellationToken)
    {
        var host = new SimulatorHost(options);
        try
        {
            host.OpenDirectory();
            host.StartNsm(options);
            await host.StartImdsAsync(options, cancellationToken);
            await host.StartAwsAsync(options, cancellationToken);
            PrivateFile.Write(host.Files.Environment, EnvironmentFile.Format(host.Environment));
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes a key without authorization and returns its ARN.</summary>
    /// <param name="policy">The key policy; null for the default one.</param>
    /// <param name="keySpec">As in CreateKey; RSA keys are for ENCRYPT_DECRYPT, those of NIST curves for KEY_AGREEMENT.</param>
    /// <exception cref="KmsException">The simulator makes no such keys.</exception>
    public string CreateKey(string? policy = null, string keySpec = EncryptionAlgorithm.SymmetricDefault) =>
        _keys.Create(KeySpec.Find(keySpec), KeyPolicy.Parse(policy ?? KeyPolicy.FormatDefault(Account), Account), description: "").Arn;

    /// <summary>Gives the public key of an RSA or elliptic curve key, in DER SubjectPublicKeyInfo.</summary>
    /// <exception cref="ArgumentException">The key is symmetric.</exception>
    public ReadOnlyMemory<byte> GetPublicKey(string keyId) => _keys.Find(keyId).Material is AsymmetricMaterial pair
        ? pair.PublicKey
        : throw new ArgumentException("a symmetric key has no public key", nameof(keyId));

    /// <summary>Encrypts without authorization. Takes an empty plaintext too, which the API does not.</summary>
    /// <exception cref="KmsException">The key, the algorithm and the encryption context do not go together.</exception>
    public byte[] Encrypt(
        string keyId,
        ReadOnlySpan<byte> plaintext,
        IReadOnlyDictionary<string, string>? encryptionContext = null,
        string encryptionAlgorithm = EncryptionAlgorithm.SymmetricDefault)
    {
        var context = new EncryptionContext();
        foreach ((string name, string value) in encryptionContext ?? new Dictionary<string, string>())
        {
            context.Add(name, value);
        }

        KmsKey key = _keys.Find(keyId);
        EncryptionAlgorithm.Check(key, encryptionAlgorithm, context, "Encrypt");
        return KeyCipher.Encrypt(key, encryptionAlgorithm, plaintext, context);
    }

    public async ValueTask DisposeAsync()
    {
        while (_owned.TryPop(out object? owned))
        {
            if (owned is IAsyncDisposable asynchronous)
            {
                await asynchronous.DisposeAsync();
            }
            else
            {
                ((IDisposable)owned).Dispose();
            }
        }
    }

    /// <summary>Disposes of it, in reverse order, when the simulator ends.</summary>
    private T Own<T>(T resource)
        where T : class
    {
        _owned.Push(resource);
        return resource;
    }

    // Without the slash at the end, the usual form of an endpoint URL.
    private static string Format(Uri endpoint) => endpoint.GetLeftPart(UriPartial.Authority);

    private void OpenDirectory()
    {
        PrivateFile.CreateDirectory(Files.Directory);
        Own(DirectoryLock.Acquire(Files.Directory));
        // A script that waits for the exports must not find those of an earlier run.
        File.Delete(Files.Environment);

        var authorities = new AuthorityFiles(Files.Directory);
        TlsAuthority = Own(authorities.LoadOrCreateTlsAuthority(TimeProvider.System.GetUtcNow()));
        NsmRoot = Own(authorities.LoadOrCreateNsmRoot(TimeProvider.System.GetUtcNow()));
        PrivateFile.Write(Files.CaBundle, TlsAuthority.ExportCertificatePem() + "\n");
        PrivateFile.Write(Files.NsmRoot, NsmRoot.ExportCertificatePem() + "\n");
    }

    private void StartNsm(SimulatorOptions options)
    {
        const string ModuleId = $"{SimulatedInstance.Id}-{SimulatedInstance.EnclaveId}";
        Pcrs = new PcrBank(InitialPcrs.Complete(options.Pcrs, Account, options.RoleName));
        var signer = new AttestationSigner(NsmRoot, Account.Region, SimulatedInstance.Id, ModuleId);
        SimulatedNsm nsm = Own(new SimulatedNsm(Pcrs, ModuleId, signer, Clock));
        if (!StreamAddress.TryParse($"unix:{Files.NsmSocket}", out StreamAddress? address, out string? error))
        {
            throw new IOException($"the folder's name is too long: {error}");
        }

        NsmAddress = Own(NsmServer.Start(address, nsm, Faults)).Address;
    }

    private async Task StartImdsAsync(SimulatorOptions options, CancellationToken cancellationToken)
    {
        if (options.RoleName is { } roleName)
        {
            Role = new InstanceRole(Account, roleName, SimulatedInstance.Id, options.CredentialLifetime, Credentials, Clock);
        }

        var imds = new ImdsService(Account, Role, Clock);
        async Task respondAsync(HttpContext context)
        {
            await imds.HandleAsync(context);
            RequestLog.Write(options.Logger, "IMDS", $"{context.Request.Method} {context.Request.Path}", context.Response.StatusCode);
        }

        ImdsEndpoint = Own(await LocalHttpServer.StartAsync(new LocalHttpOptions { Port = options.ImdsPort }, respondAsync, cancellationToken)).Address;
    }

    private async Task StartAwsAsync(SimulatorOptions options, CancellationToken cancellationToken)
    {
        var signatures = new SignatureVerifier(Credentials, Account.Region, Clock);
        var kms = new KmsService(signatures, ListKmsOperations(options), Faults, Clock);
        var sts = new StsService(signatures, new AssumeRoleAction(Account, Credentials));
        var aws = new AwsEndpoint(kms, sts, Clock, options.Logger);

        string[] defaults =
        [
            "localhost", "127.0.0.1", "::1",
            $"kms.{Account.Region}.amazonaws.com", $"kms-fips.{Account.Region}.amazonaws.com",
            $"sts.{Account.Region}.amazonaws.com", "sts.amazonaws.com",
        ];
        string[] names = [.. options.HasDefaultTlsNames ? defaults : [], .. options.TlsNames];
        TlsCertificates certificates = Own(new TlsCertificates(TlsAuthority, names, Faults, TimeProvider.System.GetUtcNow()));
        KmsEndpoint = Own(await LocalHttpServer.StartAsync(
            new LocalHttpOptions { Port = options.Port, Tls = certificates.SelectOptions }, aws.HandleAsync, cancellationToken)).Address;
    }

    private IKmsOperation[] ListKmsOperations(SimulatorOptions options)
    {
        var authorizer = new KmsAuthorizer(Account, Clock);
        var verifier = new AttestationVerifier(AttestationRoot.FromCertificate(NsmRoot));
        var recipients = new RecipientReader(verifier, options.AcceptsUnsignedAttestation, Clock, options.Logger);
        var recipientResponse = new RecipientResponseWriter(Account, Faults);
        var wrappingKeys = new WrappingKeys(_keys, authorizer);
        return
        [
            new CreateKeyOperation(Account, _keys, authorizer),
            new CreateAliasOperation(_keys, authorizer),
            new DescribeKeyOperation(Account, _keys, authorizer),
            new ListKeysOperation(_keys),
            new GetKeyPolicyOperation(_keys, authorizer),
            new PutKeyPolicyOperation(Account, _keys, authorizer),
            new EncryptOperation(_keys, authorizer),
            new DecryptOperation(_keys, authorizer, recipients, recipientResponse),
            new GetPublicKeyOperation(_keys, authorizer),
            new GenerateDataKeyOperation(wrappingKeys, recipients, recipientResponse),
            new GenerateDataKeyWithoutPlaintextOperation(wrappingKeys),
            new GenerateDataKeyPairOperation(wrappingKeys, recipients, recipientResponse),
            new GenerateDataKeyPairWithoutPlaintextOperation(wrappingKeys),
            new GenerateRandomOperation(recipients, recipientResponse),
            new DeriveSharedSecretOperation(_keys, authorizer, recipients, recipientResponse),
        ];
    }
}
