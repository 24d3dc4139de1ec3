using System.Buffers.Binary;
using System.Security.Cryptography;
using KmsTool.Protocol.Attestation;
using KmsTool.Protocol.Nsm;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Tests.Simulator.Nsm;

public sealed class NsmServerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task DescribeNsm_describesTheModule()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        await using NsmPeer nsm = await NsmPeer.ConnectAsync(simulator.Host.NsmAddress);

        NsmResponse.DescribeNsm description = Assert.IsType<NsmResponse.DescribeNsm>(await nsm.SendAsync(new NsmRequest.DescribeNsm()));

        Assert.Equal("i-0123456789abcdef0-enc0123456789abcdef", description.ModuleId);
        Assert.Equal("SHA384", description.Digest);
        Assert.Equal(32, description.MaxPcrs);
        Assert.Equal(Enumerable.Range(0, 16).Select(i => (ushort)i), description.LockedPcrs);
    }

    [Fact]
    public async Task Pcrs_givenAndDerived_areRead()
    {
        byte[] pcr0 = Enumerable.Repeat((byte)0xAB, 48).ToArray();
        byte[] pcr8 = Enumerable.Repeat((byte)0xCD, 48).ToArray();
        await using RunningSimulator simulator = await RunningSimulator.StartAsync(
            options => options with { Pcrs = new Dictionary<int, byte[]> { [0] = pcr0, [8] = pcr8 } });
        await using NsmPeer nsm = await NsmPeer.ConnectAsync(simulator.Host.NsmAddress);

        Assert.Equal(pcr0, await ReadAsync(nsm, 0));
        Assert.Equal(pcr8, await ReadAsync(nsm, 8));
        // As the Nitro Enclaves user guide computes it: SHA384(48 zeros ‖ the role's ARN).
        byte[] roleArn = "arn:aws:iam::111122223333:role/kmstool-instance-role"u8.ToArray();
        Assert.Equal(SHA384.HashData([.. new byte[48], .. roleArn]), await ReadAsync(nsm, 3));
        Assert.Equal(SHA384.HashData([.. new byte[48], .. "i-0123456789abcdef0"u8]), await ReadAsync(nsm, 4));
        Assert.Equal(new byte[48], await ReadAsync(nsm, 15));
    }

    [Fact]
    public async Task Pcrs_ofDebugMode_areAllZero()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync(
            options => options with { Pcrs = new Dictionary<int, byte[]> { [0] = new byte[48] } });
        await using NsmPeer nsm = await NsmPeer.ConnectAsync(simulator.Host.NsmAddress);

        for (ushort i = 0; i < 32; i++)
        {
            Assert.Equal(new byte[48], await ReadAsync(nsm, i));
        }
    }

    [Fact]
    public async Task ExtendPcr_freeOne_hashesItOn()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        await using NsmPeer nsm = await NsmPeer.ConnectAsync(simulator.Host.NsmAddress);
        byte[] once = SHA384.HashData([.. new byte[48], .. "a"u8]);

        NsmResponse first = await nsm.SendAsync(new NsmRequest.ExtendPcr(16, "a"u8.ToArray()));
        NsmResponse second = await nsm.SendAsync(new NsmRequest.ExtendPcr(16, "b"u8.ToArray()));

        Assert.Equal(once, Assert.IsType<NsmResponse.ExtendPcr>(first).Data.ToArray());
        Assert.Equal(SHA384.HashData([.. once, .. "b"u8]), Assert.IsType<NsmResponse.ExtendPcr>(second).Data.ToArray());
        Assert.Equal(NsmErrorCode.InputTooLarge, await ErrorAsync(nsm, new NsmRequest.ExtendPcr(16, new byte[513])));
    }

    [Fact]
    public async Task LockedPcr_cannotBeExtendedOrLockedAgain()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        await using NsmPeer nsm = await NsmPeer.ConnectAsync(simulator.Host.NsmAddress);

        Assert.Equal(NsmErrorCode.ReadOnlyIndex, await ErrorAsync(nsm, new NsmRequest.ExtendPcr(15, "a"u8.ToArray())));
        Assert.IsType<NsmResponse.LockPcr>(await nsm.SendAsync(new NsmRequest.LockPcr(20)));
        Assert.Equal(NsmErrorCode.ReadOnlyIndex, await ErrorAsync(nsm, new NsmRequest.LockPcr(20)));
        Assert.Equal(NsmErrorCode.ReadOnlyIndex, await ErrorAsync(nsm, new NsmRequest.ExtendPcr(20, "a"u8.ToArray())));
        Assert.IsType<NsmResponse.LockPcrs>(await nsm.SendAsync(new NsmRequest.LockPcrs(19)));
        Assert.Equal(NsmErrorCode.ReadOnlyIndex, await ErrorAsync(nsm, new NsmRequest.ExtendPcr(18, "a"u8.ToArray())));
        Assert.IsType<NsmResponse.ExtendPcr>(await nsm.SendAsync(new NsmRequest.ExtendPcr(19, "a"u8.ToArray())));
        Assert.True(Assert.IsType<NsmResponse.DescribePcr>(await nsm.SendAsync(new NsmRequest.DescribePcr(18))).Lock);
        Assert.False(Assert.IsType<NsmResponse.DescribePcr>(await nsm.SendAsync(new NsmRequest.DescribePcr(19))).Lock);
    }

    // What the codec refuses to encode: {"DescribePCR": {"index": 32}}, "Dance", an unfinished map.
    [Theory]
    [InlineData("A16B4465736372696265504352A165696E6465781820", "InvalidIndex")]
    [InlineData("6544616E6365", null)]
    [InlineData("A1", null)]
    public async Task Request_thatIsNone_isAnsweredWithAnError(string cbor, string? expected)
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        await using NsmPeer nsm = await NsmPeer.ConnectAsync(simulator.Host.NsmAddress);

        await NsmFraming.WriteAsync(nsm.Stream, Convert.FromHexString(cbor), CancellationToken.None);
        byte[]? answer = await NsmFraming.ReadAsync(nsm.Stream, NsmLimits.MaxResponseLength, CancellationToken.None);

        NsmResponse.Error error = Assert.IsType<NsmResponse.Error>(NsmResponse.Decode(answer));
        if (expected is not null)
        {
            Assert.Equal(expected, error.Code.ToString());
        }
        // And it goes on.
        Assert.IsType<NsmResponse.GetRandom>(await nsm.SendAsync(new NsmRequest.GetRandom()));
    }

    [Fact]
    public async Task GetRandom_gives256BytesThatDiffer()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        await using NsmPeer nsm = await NsmPeer.ConnectAsync(simulator.Host.NsmAddress);

        byte[] first = Assert.IsType<NsmResponse.GetRandom>(await nsm.SendAsync(new NsmRequest.GetRandom())).Random.ToArray();
        byte[] second = Assert.IsType<NsmResponse.GetRandom>(await nsm.SendAsync(new NsmRequest.GetRandom())).Random.ToArray();

        Assert.Equal(256, first.Length);
        Assert.NotEqual(first, second);
    }

    [Fact]
    public async Task Attestation_document_isValidAndComplete()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        await using NsmPeer nsm = await NsmPeer.ConnectAsync(simulator.Host.NsmAddress);
        await nsm.SendAsync(new NsmRequest.ExtendPcr(17, "a"u8.ToArray()));
        await nsm.SendAsync(new NsmRequest.LockPcr(17));

        NsmResponse answer = await nsm.SendAsync(new NsmRequest.Attestation("user"u8.ToArray(), "nonce"u8.ToArray(), new byte[1024]));

        byte[] encoded = Assert.IsType<NsmResponse.Attestation>(answer).Document.ToArray();
        AttestationVerdict verdict = Verify(simulator, encoded, TimeProvider.System.GetUtcNow());
        Assert.True(verdict.IsValid, verdict.Reason);
        AttestationDocument document = verdict.Document!;
        Assert.Equal("i-0123456789abcdef0-enc0123456789abcdef", document.ModuleId);
        Assert.Equal("user"u8.ToArray(), document.UserData!.Value.ToArray());
        Assert.Equal("nonce"u8.ToArray(), document.Nonce!.Value.ToArray());
        Assert.Equal(1024, document.PublicKey!.Value.Length);
        Assert.Equal([.. Enumerable.Range(0, 16), 17], document.Pcrs.Keys.Order());
        Assert.Equal(4, document.CaBundle.Count);
        Assert.Equal(simulator.Host.NsmRoot.RawData, document.CaBundle[0].ToArray());
    }

    [Fact]
    public async Task Attestation_certificate_livesThreeHoursAndIsRenewedBefore()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        await using NsmPeer nsm = await NsmPeer.ConnectAsync(simulator.Host.NsmAddress);
        DateTimeOffset start = TimeProvider.System.GetUtcNow();
        byte[] first = await nsm.AttestAsync(publicKey: null);

        Assert.True(Verify(simulator, first, start.AddMinutes(175)).IsValid);
        Assert.Equal(AttestationFailure.CertificateExpired, Verify(simulator, first, start.AddMinutes(185)).Failure);
        foreach (double hours in (double[])[1, 2.5, 4, 30, 24 * 30, -2])
        {
            simulator.Host.Clock.Offset = TimeSpan.FromHours(hours);
            AttestationVerdict verdict = Verify(simulator, await nsm.AttestAsync(publicKey: null), simulator.Host.Clock.GetUtcNow());
            Assert.True(verdict.IsValid, $"after {hours} hours: {verdict.Reason}");
        }
    }

    [Fact]
    public async Task ManyClients_atOnce_areAllServed()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();

        byte[][] documents = await Task.WhenAll(Enumerable.Range(0, 64).Select(async i =>
        {
            await using NsmPeer nsm = await NsmPeer.ConnectAsync(simulator.Host.NsmAddress);
            return await nsm.AttestAsync(new[] { (byte)i });
        }));

        for (int i = 0; i < documents.Length; i++)
        {
            AttestationVerdict verdict = Verify(simulator, documents[i], TimeProvider.System.GetUtcNow());
            Assert.Equal(i, verdict.Document!.PublicKey!.Value.Span[0]);
        }
    }

    [Fact]
    public async Task SlowAndSilentClients_delayNobody()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        await using NsmPeer silent = await NsmPeer.ConnectAsync(simulator.Host.NsmAddress);
        await using NsmPeer half = await NsmPeer.ConnectAsync(simulator.Host.NsmAddress);
        await half.Stream.WriteAsync(new byte[] { 0, 0 });

        await using NsmPeer nsm = await NsmPeer.ConnectAsync(simulator.Host.NsmAddress);

        Assert.IsType<NsmResponse.GetRandom>(await nsm.SendAsync(new NsmRequest.GetRandom()));
        Assert.IsType<NsmResponse.GetRandom>(await silent.SendAsync(new NsmRequest.GetRandom()));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(4097u)]
    [InlineData(uint.MaxValue)]
    public async Task Frame_ofImpossibleLength_isHungUpOn(uint length)
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        await using NsmPeer nsm = await NsmPeer.ConnectAsync(simulator.Host.NsmAddress);
        byte[] header = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(header, length);

        await nsm.Stream.WriteAsync(header);

        Assert.Equal(0, await nsm.Stream.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience));
    }

    [Fact]
    public async Task Dispose_withClientsConnected_removesTheSocket()
    {
        RunningSimulator simulator = await RunningSimulator.StartAsync();
        await using NsmPeer nsm = await NsmPeer.ConnectAsync(simulator.Host.NsmAddress);
        string path = ((StreamAddress.Unix)simulator.Host.NsmAddress).Path;
        Assert.True(File.Exists(path));

        await simulator.Host.DisposeAsync().AsTask().WaitAsync(Patience);

        Assert.False(File.Exists(path));
        Assert.Equal(0, await nsm.Stream.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience));
        await simulator.DisposeAsync();
    }

    private static AttestationVerdict Verify(RunningSimulator simulator, byte[] document, DateTimeOffset at) =>
        new AttestationVerifier(AttestationRoot.FromCertificate(simulator.Host.NsmRoot)).Verify(document, at);

    private static async Task<byte[]> ReadAsync(NsmPeer nsm, ushort index) =>
        Assert.IsType<NsmResponse.DescribePcr>(await nsm.SendAsync(new NsmRequest.DescribePcr(index))).Data.ToArray();

    private static async Task<NsmErrorCode> ErrorAsync(NsmPeer nsm, NsmRequest request) =>
        Assert.IsType<NsmResponse.Error>(await nsm.SendAsync(request)).Code;
}
