using System.Security.Cryptography;
using KmsTool.Protocol;
using KmsTool.Protocol.Attestation;
using KmsTool.Protocol.Nsm;
using KmsTool.Tests.Simulator;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Protocol.Nsm;

public sealed class NsmClientTests(SimulatorFixture fixture) : IClassFixture<SimulatorFixture>, IDisposable
{
    private readonly NsmClient _nsm = NsmClient.Open(fixture.Simulator.Host.NsmAddress.ToString());

    public void Dispose() => _nsm.DisposeAsync().AsTask().Wait();

    [Fact]
    public async Task DescribeAsync_gives_the_module()
    {
        NsmDescription module = await _nsm.DescribeAsync();

        Assert.Equal(new Version(1, 0, 0), module.Version);
        Assert.Equal("i-0123456789abcdef0-enc0123456789abcdef", module.ModuleId);
        Assert.Equal(("SHA384", 32), (module.Digest, module.PcrCount));
        Assert.Equal(Enumerable.Range(0, 16), module.LockedPcrs.Where(index => index < 16));
    }

    [Fact]
    public async Task ExtendPcrAsync_hashes_and_LockPcrAsync_locks()
    {
        byte[] expected = SHA384.HashData([.. new byte[48], 1, 2]);

        ReadOnlyMemory<byte> extended = await _nsm.ExtendPcrAsync(20, new byte[] { 1, 2 });
        await _nsm.LockPcrAsync(20);
        NsmPcr pcr = await _nsm.DescribePcrAsync(20);
        NsmException refused = await Assert.ThrowsAsync<NsmException>(() => _nsm.ExtendPcrAsync(20, new byte[] { 3 }).AsTask());

        Assert.Equal(expected, extended.ToArray());
        Assert.Equal(expected, pcr.Value.ToArray());
        Assert.Equal((20, true), (pcr.Index, pcr.IsLocked));
        Assert.Equal(NsmErrorCode.ReadOnlyIndex, refused.Code);
    }

    [Fact]
    public async Task LockPcrsAsync_locks_all_below()
    {
        await _nsm.LockPcrsAsync(18);

        Assert.True((await _nsm.DescribePcrAsync(17)).IsLocked);
        Assert.False((await _nsm.DescribePcrAsync(18)).IsLocked);
    }

    [Fact]
    public async Task GetRandomAsync_gives_bytes_that_differ()
    {
        using SensitiveBytes first = await _nsm.GetRandomAsync();
        using SensitiveBytes second = await _nsm.GetRandomAsync();

        Assert.Equal(256, first.Length);
        Assert.NotEqual(first.Span.ToArray(), second.Span.ToArray());
    }

    [Fact]
    public async Task AttestAsync_gives_a_document_over_the_three_fields()
    {
        byte[] document = await _nsm.AttestAsync(new byte[] { 1 }, new byte[] { 2 }, new byte[] { 3 });

        var verifier = new AttestationVerifier(AttestationRoot.FromCertificate(fixture.Simulator.Host.NsmRoot));
        AttestationDocument attested = verifier.Verify(document, TimeProvider.System.GetUtcNow()).GetDocument();
        Assert.Equal([1], attested.UserData!.Value.ToArray());
        Assert.Equal([2], attested.Nonce!.Value.ToArray());
        Assert.Equal([3], attested.PublicKey!.Value.ToArray());
    }

    [Fact]
    public async Task AttestAsync_field_that_is_too_long_is_refused()
    {
        NsmException refused = await Assert.ThrowsAsync<NsmException>(() => _nsm.AttestAsync(nonce: new byte[1025]).AsTask());

        Assert.Equal(NsmErrorCode.InputTooLarge, refused.Code);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(32)]
    public async Task DescribePcrAsync_index_out_of_range_is_refused(int index) =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _nsm.DescribePcrAsync(index).AsTask());

    [Fact]
    public void Open_device_that_does_not_exist_is_refused()
    {
        using var directory = new TempDirectory();

        Assert.Throws<FileNotFoundException>(() => NsmClient.Open(directory["nsm"]));
    }

    [Fact]
    public async Task DescribeAsync_where_no_module_listens_is_an_IOException()
    {
        using var directory = new TempDirectory();
        await using var nsm = NsmClient.Open("unix:" + directory["nsm.sock"]);

        await Assert.ThrowsAsync<IOException>(() => nsm.DescribeAsync().AsTask());
    }
}
