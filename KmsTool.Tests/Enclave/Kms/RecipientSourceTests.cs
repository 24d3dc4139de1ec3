using KmsTool.Enclave.Kms;
using KmsTool.Protocol;
using KmsTool.Protocol.Nsm;
using KmsTool.Protocol.Recipient;
using Microsoft.Extensions.Logging.Abstractions;

namespace KmsTool.Tests.Enclave.Kms;

public class RecipientSourceTests
{
    [Fact]
    public async Task RentAsync_withinTheDocumentsLifetime_asksOnce()
    {
        var nsm = new CountingNsm();
        using RecipientSource source = Source(nsm, TimeSpan.FromMinutes(1));

        RecipientLease[] leases = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => source.RentAsync(CancellationToken.None).AsTask()));

        Assert.Single(nsm.Keys);
        Assert.All(leases, lease => lease.Dispose());
    }

    [Fact]
    public async Task RentAsync_withLifetimeZero_asksEachTimeForTheSameKey()
    {
        var nsm = new CountingNsm();
        using RecipientSource source = Source(nsm, TimeSpan.Zero);

        for (int i = 0; i < 3; i++)
        {
            (await source.RentAsync(CancellationToken.None)).Dispose();
        }

        Assert.Equal(3, nsm.Keys.Count);
        Assert.Single(nsm.Keys.Select(Convert.ToHexString).Distinct());
    }

    [Fact]
    public async Task RentAsync_afterTheDocumentsLifetime_asksAgain()
    {
        var nsm = new CountingNsm();
        var time = new ManualTime();
        using RecipientSource source = Source(nsm, TimeSpan.FromSeconds(30), time);
        (await source.RentAsync(CancellationToken.None)).Dispose();
        time.Advance(TimeSpan.FromSeconds(29));
        (await source.RentAsync(CancellationToken.None)).Dispose();
        Assert.Single(nsm.Keys);

        time.Advance(TimeSpan.FromSeconds(2));
        (await source.RentAsync(CancellationToken.None)).Dispose();

        Assert.Equal(2, nsm.Keys.Count);
    }

    [Fact]
    public async Task RotateAsync_changesTheKeyAndTheDocumentButNotForLeasesInUse()
    {
        var nsm = new CountingNsm();
        using RecipientSource source = Source(nsm, TimeSpan.FromMinutes(1));
        using RecipientLease before = await source.RentAsync(CancellationToken.None);

        await source.RotateAsync();
        using RecipientLease after = await source.RentAsync(CancellationToken.None);

        Assert.Equal(2, nsm.Keys.Select(Convert.ToHexString).Distinct().Count());
        AssertOpens(before, nsm.Keys[0]);
        AssertOpens(after, nsm.Keys[1]);
        Assert.Throws<RecipientEnvelopeException>(() => after.Open(RecipientEnvelope.Seal("x"u8, nsm.Keys[0])));
    }

    [Fact]
    public async Task Lease_outlivesTheSource()
    {
        var nsm = new CountingNsm();
        RecipientSource source = Source(nsm, TimeSpan.FromMinutes(1));
        RecipientLease lease = await source.RentAsync(CancellationToken.None);

        source.Dispose();

        AssertOpens(lease, nsm.Keys[0]);
        lease.Dispose();
        Assert.Throws<ObjectDisposedException>(() => lease.Open(RecipientEnvelope.Seal("x"u8, nsm.Keys[0])));
    }

    private static RecipientSource Source(INsm nsm, TimeSpan attestationLifetime, TimeProvider? time = null) => new(
        nsm, new RecipientSettings(attestationLifetime, TimeSpan.FromHours(1)), time ?? TimeProvider.System, NullLogger.Instance);

    private static void AssertOpens(RecipientLease lease, byte[] publicKey)
    {
        using SensitiveBytes opened = lease.Open(RecipientEnvelope.Seal("secret"u8, publicKey));
        Assert.Equal("secret"u8, opened.Span);
    }

    private sealed class CountingNsm : INsm
    {
        public List<byte[]> Keys { get; } = [];

        public ValueTask<NsmResponse> SendAsync(NsmRequest request, CancellationToken cancellationToken)
        {
            lock (Keys)
            {
                Keys.Add(Assert.IsType<NsmRequest.Attestation>(request).PublicKey!.Value.ToArray());
            }

            return new ValueTask<NsmResponse>(new NsmResponse.Attestation("document"u8.ToArray()));
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class ManualTime : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Advance(TimeSpan by) => _ticks += by.Ticks;
    }
}
