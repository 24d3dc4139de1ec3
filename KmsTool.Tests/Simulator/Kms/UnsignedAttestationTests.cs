using System.Text;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using KmsTool.Protocol;
using KmsTool.Protocol.Recipient;
using KmsTool.Tests.Protocol.Attestation;
using KmsTool.Tests.Support;
using static KmsTool.Tests.Protocol.CborBytes;

namespace KmsTool.Tests.Simulator.Kms;

/// <summary><c>--insecure-accept-unsigned-attestation</c>: what it accepts, and that it relaxes nothing else.</summary>
public sealed class UnsignedAttestationTests : IAsyncLifetime
{
    private static readonly Dictionary<string, Action<QemuDocument>> Deviations = new()
    {
        ["a byte of the signature"] = document => document.Signature[^1] = 1,
        ["a byte of a long signature"] = document => document.Signature = [1, .. new byte[95]],
        ["no signature"] = document => document.Signature = [],
        ["a signature one byte too long"] = document => document.Signature = new byte[97],
        ["a byte of the certificate"] = document => document.Payload.Set("certificate", Bytes([.. new byte[63], 1])),
        ["a byte of the CA bundle"] = document => document.Payload.Set("cabundle", List(Bytes([1, .. new byte[63]]))),
        ["a byte of the CA bundle's last member"] = document => document.Payload.Set("cabundle", List(Bytes(0), Bytes(0, 1))),
        ["an empty certificate"] = document => document.Payload.Set("certificate", Bytes()),
        ["an empty CA bundle"] = document => document.Payload.Set("cabundle", List()),
        ["a real certificate"] = document => document.Payload.Set("certificate", Bytes(TestChain.Create().Certificate)),
        ["another algorithm"] = document => document.ProtectedHeader = [0xA1, 0x01, 0x26],
        ["algorithm -1 written in two bytes"] = document => document.ProtectedHeader = [0xA1, 0x01, 0x38, 0x00],
        ["no algorithm"] = document => document.ProtectedHeader = [0xA0],
        ["an unprotected header"] = document => document.UnprotectedHeader = Map(Number(4), Number(4)),
        ["another digest"] = document => document.Payload.Set("digest", Text("SHA256")),
        ["an old timestamp"] = document => document.Payload.Set("timestamp", Milliseconds(-310)),
        ["a timestamp ahead"] = document => document.Payload.Set("timestamp", Milliseconds(310)),
        ["timestamp 0"] = document => document.Payload.Set("timestamp", Number(0)),
        ["no public key"] = document => document.Payload.Set("public_key", Null),
        ["an empty public key"] = document => document.Payload.Set("public_key", Bytes()),
        ["a public key of another kind"] = document => document.Payload.Set("public_key", Bytes(1)),
        ["an empty module_id"] = document => document.Payload.Set("module_id", Text("")),
        ["no PCRs"] = document => document.Payload.Set("pcrs", Map()),
        ["PCR32"] = document => document.Payload.Set("pcrs", Map(Number(32), Bytes(new byte[48]))),
        ["a short PCR"] = document => document.Payload.Set("pcrs", Map(Number(0), Bytes(new byte[47]))),
        ["PCR0 twice"] = document => document.Payload.Set("pcrs", Map(Number(0), Bytes(new byte[48]), Number(0), Bytes(new byte[48]))),
        ["a member twice"] = document => document.Payload.Add(Text("digest"), Text("SHA384")),
        ["an unknown member"] = document => document.Payload.Add(Text("extra"), Null),
        ["a missing member"] = document => document.Payload.Remove("pcrs"),
        ["too long a nonce"] = document => document.Payload.Set("nonce", Bytes(new byte[1025])),
    };

    private readonly RecordingLogger _log = new();
    private readonly byte[] _pcr0 = TestChain.Pcr(0);
    private RunningSimulator _simulator = null!;
    private RecipientKeyPair _keyPair = null!;
    private string _keyArn = null!;

    public static TheoryData<string> DeviationNames => [.. Deviations.Keys];

    public async Task InitializeAsync()
    {
        _simulator = await StartAsync(acceptsUnsigned: true);
        _keyPair = RecipientKeyPair.Generate();
        _keyArn = _simulator.Host.CreateKey(KeyPolicies.ForImage(_simulator.Host, _pcr0));
    }

    public async Task DisposeAsync()
    {
        _keyPair.Dispose();
        await _simulator.DisposeAsync();
    }

    [Fact]
    public async Task Decrypt_unsignedDocument_answersForItsKeyAndWarnsOnce()
    {
        byte[] document = Document().Encode();

        DecryptResponse response = await DecryptAsync(document);
        await DecryptAsync(document);

        Assert.Null(response.Plaintext);
        using SensitiveBytes plaintext = _keyPair.Open(response.CiphertextForRecipient.ToArray());
        Assert.Equal("Hello, KMS!", Encoding.UTF8.GetString(plaintext.Span));
        string warning = Assert.Single(_log.Warnings);
        Assert.StartsWith("INSECURE: accepted an unsigned attestation document", warning, StringComparison.Ordinal);
        Assert.Contains("i-234-enc5678", warning, StringComparison.Ordinal);
        Assert.Contains(Convert.ToHexStringLower(_pcr0), warning, StringComparison.Ordinal);

        QemuDocument another = Document();
        another.Payload.Set("nonce", Bytes(1));
        await DecryptAsync(another.Encode());
        Assert.Equal(2, _log.Warnings.Count());
    }

    [Theory]
    [InlineData(64)]
    [InlineData(96)]
    public async Task Decrypt_zerosUnderEs384_areAcceptedToo(int signatureLength)
    {
        QemuDocument document = Document();
        document.ProtectedHeader = [0xA1, 0x01, 0x38, 0x22];
        document.Signature = new byte[signatureLength];

        Assert.NotNull((await DecryptAsync(document.Encode())).CiphertextForRecipient);
    }

    [Theory]
    [MemberData(nameof(DeviationNames))]
    public async Task Decrypt_unsignedDocumentWithADeviation_isRefused(string deviation)
    {
        QemuDocument document = Document();
        Deviations[deviation](document);

        Assert.Equal("ValidationException", (await ErrorAsync(document.Encode())).ErrorCode);
        Assert.Empty(_log.Warnings);
    }

    [Fact]
    public async Task Decrypt_unsignedDocumentDamagedOutside_isRefused()
    {
        byte[] document = Document().Encode();
        QemuDocument tooLarge = Document();
        tooLarge.Payload.Set("cabundle", List([.. Enumerable.Repeat(Bytes(new byte[1024]), 8)])).Add(Text("extra"), Bytes(new byte[8192]));

        foreach (byte[] damaged in (byte[][])[[.. document, 0], document[..^1], [0xD1, .. document], [0xD2, 0xD2, .. document], tooLarge.Encode(), [0x80], [0]])
        {
            Assert.Equal("ValidationException", (await ErrorAsync(damaged)).ErrorCode);
        }

        Assert.Empty(_log.Warnings);
    }

    [Fact]
    public async Task Decrypt_unsignedDocumentThatIsKnown_isGoodForFiveMinutes()
    {
        QemuDocument old = Document();
        old.Payload.Set("timestamp", Milliseconds(-250));
        byte[] document = old.Encode();
        await DecryptAsync(document);

        // Not so far that the client's signature is late, too.
        _simulator.Host.Clock.Offset = TimeSpan.FromSeconds(100);

        Assert.Contains("seconds old", (await ErrorAsync(document)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Decrypt_unsignedDocument_isStillJudgedByTheKeyPolicy()
    {
        Assert.Equal("AccessDeniedException", (await ErrorAsync(Document(pcr0: TestChain.Pcr(1)).Encode())).ErrorCode);
        Assert.Equal("AccessDeniedException", (await ErrorAsync(Document(pcr0: new byte[48]).Encode())).ErrorCode);
    }

    [Fact]
    public async Task Decrypt_signedDocument_isVerifiedAsEver()
    {
        string ownKey = _simulator.Host.CreateKey(KeyPolicies.ForImage(_simulator.Host, _simulator.Host.Pcrs.Read(0).Value));
        byte[] document = await AttestAsync(_simulator);
        byte[] forged = [.. document];
        forged[^1] ^= 1;
        byte[] blanked = [.. document];
        blanked.AsSpan(^96..).Clear();
        await using RunningSimulator stranger = await StartAsync(acceptsUnsigned: false);

        Assert.NotNull((await DecryptAsync(document, ownKey)).CiphertextForRecipient);
        Assert.Contains("not signed by its certificate", (await ErrorAsync(forged)).Message, StringComparison.Ordinal);
        Assert.Equal("ValidationException", (await ErrorAsync(blanked)).ErrorCode);
        Assert.Contains("not the pinned root", (await ErrorAsync(await AttestAsync(stranger))).Message, StringComparison.Ordinal);
        Assert.Empty(_log.Warnings);
    }

    [Fact]
    public async Task Decrypt_unsignedDocumentWithoutTheSwitch_isRefused()
    {
        await using RunningSimulator strict = await StartAsync(acceptsUnsigned: false);
        string key = strict.Host.CreateKey(KeyPolicies.ForImage(strict.Host, _pcr0));
        QemuDocument es384 = Document();
        es384.ProtectedHeader = [0xA1, 0x01, 0x38, 0x22];
        es384.Signature = new byte[96];

        Assert.Contains("the protected header is not {1: -35}, ES384", (await ErrorAsync(Document().Encode(), key, strict)).Message, StringComparison.Ordinal);
        Assert.Contains("not the pinned root", (await ErrorAsync(es384.Encode(), key, strict)).Message, StringComparison.Ordinal);
    }

    private Task<RunningSimulator> StartAsync(bool acceptsUnsigned) =>
        RunningSimulator.StartAsync(options => options with { AcceptsUnsignedAttestation = acceptsUnsigned, Logger = _log });

    private static byte[] Milliseconds(int secondsFromNow) =>
        Number((ulong)TimeProvider.System.GetUtcNow().AddSeconds(secondsFromNow).ToUnixTimeMilliseconds());

    private QemuDocument Document(byte[]? pcr0 = null) => new(_keyPair.PublicKey, pcr0 ?? _pcr0, TimeProvider.System.GetUtcNow());

    private async Task<byte[]> AttestAsync(RunningSimulator simulator)
    {
        await using NsmPeer nsm = await NsmPeer.ConnectAsync(simulator.Host.NsmAddress);
        return await nsm.AttestAsync(_keyPair.PublicKey);
    }

    private Task<DecryptResponse> DecryptAsync(byte[] document, string? key = null, RunningSimulator? simulator = null)
    {
        RunningSimulator kms = simulator ?? _simulator;
        return kms.Kms(kms.Host.Role!.CurrentCredential()).DecryptAsync(new DecryptRequest
        {
            CiphertextBlob = new MemoryStream(kms.Host.Encrypt(key ?? _keyArn, "Hello, KMS!"u8)),
            Recipient = new RecipientInfo
            {
                AttestationDocument = new MemoryStream(document),
                KeyEncryptionAlgorithm = KeyEncryptionMechanism.RSAES_OAEP_SHA_256,
            },
        });
    }

    private Task<AmazonKeyManagementServiceException> ErrorAsync(byte[] document, string? key = null, RunningSimulator? simulator = null) =>
        Assert.ThrowsAsync<AmazonKeyManagementServiceException>(() => DecryptAsync(document, key, simulator));
}
