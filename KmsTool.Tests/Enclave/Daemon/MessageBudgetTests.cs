using KmsTool.Enclave.Daemon;
using KmsTool.Protocol.Messages;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Daemon;

/// <summary>The bytes that all connections of the daemon may take together.</summary>
public class MessageBudgetTests
{
    private const int MaxLength = 10_000;
    private const int LongSize = MaxLength + MessageBudget.BufferSize;
    private const string Whole = """{"Operation":"Foo"}""";

    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(30);

    private readonly ManualClock _clock = new();

    [Fact]
    public async Task Take_ofMoreThanThereIs_waitsForWhatIsReturned()
    {
        MessageBudget budget = Create(MessageBudget.MinTotal(MaxLength));
        Assert.True(await Take(budget, MessageBudget.Use.FirstBuffer, MessageBudget.BufferSize));

        Task<bool> second = Take(budget, MessageBudget.Use.FirstBuffer, MessageBudget.BufferSize);
        Assert.False(second.IsCompleted);
        budget.Return(MessageBudget.BufferSize);

        Assert.True(await second);
        Assert.False(budget.IsUnused);
        budget.Return(MessageBudget.BufferSize);
        Assert.True(budget.IsUnused);
    }

    [Fact]
    public async Task Take_thatWaitedTooLong_isRefusedAndTakesNothing()
    {
        MessageBudget budget = Create(MessageBudget.MinTotal(MaxLength));
        Assert.True(await Take(budget, MessageBudget.Use.Reply, MessageBudget.MinTotal(MaxLength)));
        Task<bool> second = Take(budget, MessageBudget.Use.Reply, 1);

        _clock.Advance(Wait);

        Assert.False(await second);
        budget.Return(MessageBudget.MinTotal(MaxLength));
        Assert.True(budget.IsUnused);
    }

    [Fact]
    public async Task Take_thatIsCancelled_letsLaterOnesPass()
    {
        MessageBudget budget = Create(MessageBudget.MinTotal(MaxLength));
        Assert.True(await Take(budget, MessageBudget.Use.Reply, MessageBudget.MinTotal(MaxLength) - 10));
        using var cancelled = new CancellationTokenSource();
        Task<bool> large = budget.TakeAsync(MessageBudget.Use.Reply, 11, cancelled.Token).AsTask();
        Task<bool> small = Take(budget, MessageBudget.Use.Reply, 10);
        Assert.False(small.IsCompleted);

        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
        Assert.True(await small);
    }

    /// <summary>Whatever has been taken for what comes earlier, the next step of one connection can be taken.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(100_000)]
    public async Task EarlierUses_leaveRoomForLaterOnes(long beyondLeast)
    {
        MessageBudget budget = Create(MessageBudget.MinTotal(MaxLength) + beyondLeast);
        await TakeAll(budget, MessageBudget.Use.FirstBuffer, MessageBudget.BufferSize);
        Assert.True(await Take(budget, MessageBudget.Use.LongMessage, LongSize - MessageBudget.BufferSize));
        await TakeAll(budget, MessageBudget.Use.LongMessage, 1);

        Assert.True(Take(budget, MessageBudget.Use.Reply, MessageBudget.ReplySize).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task LongestMessage_isAnswered_withTheSmallestBudget()
    {
        await using TestEnclave enclave = await StartAsync(MessageBudget.MinTotal(MaxLength));
        await using EnclavePeer peer = await enclave.ConnectAsync();

        for (int i = 0; i < 3; i++)
        {
            Assert.Contains("Operation not recognized", await peer.AskAsync(Whole + new string(' ', MaxLength - Whole.Length)), StringComparison.Ordinal);
        }
    }

    /// <summary>With room for all their first buffers, and for one long message.</summary>
    [Fact]
    public async Task Peers_thatAllStopInTheMiddle_areAllAnswered()
    {
        const int Peers = 20;
        await using TestEnclave enclave = await StartAsync(MessageBudget.MinTotal(MaxLength) + ((Peers - 1) * MessageBudget.BufferSize));
        EnclavePeer[] peers = await ConnectAsync(enclave, Peers);
        foreach (EnclavePeer peer in peers)
        {
            await peer.SendAsync(Whole + new string(' ', 5000));
        }

        Task<string?>[] replies = [.. peers.Select(peer => peer.AskAsync(""))];

        foreach (string? reply in await Task.WhenAll(replies))
        {
            Assert.Contains("Operation not recognized", reply, StringComparison.Ordinal);
        }

        await DisposeAsync(peers);
    }

    /// <summary>Each has commands pending, the first bytes of others, and waits.</summary>
    [Fact]
    public async Task Pipelines_ofManyPeers_areAllAnswered()
    {
        const int Each = 200;
        await using TestEnclave enclave = await StartAsync(MessageBudget.MinTotal(MaxLength) + (2 * MessageBudget.BufferSize));
        EnclavePeer[] peers = await ConnectAsync(enclave, 10);
        string pipeline = string.Concat(Enumerable.Range(0, Each).Select(i => Whole + new string(' ', i * 37 % 6000) + "\0"));

        await Task.WhenAll(peers.Select(async peer =>
        {
            Task sending = peer.SendAsync(pipeline);
            for (int i = 0; i < Each; i++)
            {
                Assert.Contains("Operation not recognized", await peer.ReceiveAsync(), StringComparison.Ordinal);
            }

            await sending;
        }));

        await DisposeAsync(peers);
    }

    [Fact]
    public async Task Message_forWhichThereIsNoRoom_isRefusedAndSkipped()
    {
        await using TestEnclave enclave = await StartAsync(MessageBudget.MinTotal(MaxLength), TimeSpan.FromMilliseconds(100));
        await using EnclavePeer slow = await enclave.ConnectAsync();
        await slow.SendAsync(Whole);
        await using EnclavePeer peer = await enclave.ConnectAsync();

        string? refused;
        // Until the slow one has taken its buffer.
        do
        {
            refused = await peer.AskAsync(Whole);
        }
        while (refused!.Contains("Operation not recognized", StringComparison.Ordinal));

        Assert.Contains($"\"Code\":\"{ErrorCodes.EnclaveBusy}\"", refused, StringComparison.Ordinal);
        await peer.SendAsync(Whole + new string(' ', 9000));
        Assert.Contains(ErrorCodes.EnclaveBusy, await peer.ReceiveAsync(), StringComparison.Ordinal);

        Assert.Contains("Operation not recognized", await slow.AskAsync(""), StringComparison.Ordinal);
        // The rest of what was refused, and the next.
        await peer.SendAsync("   \0");
        Assert.Contains("Operation not recognized", await peer.AskAsync(Whole), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Describe_tellsTheBudget()
    {
        await using TestEnclave enclave = await StartAsync(1_234_567);
        await using EnclavePeer peer = await enclave.ConnectAsync();

        Assert.Contains("\"MessageBudget\":1234567", await peer.AskAsync("""{"Operation":"Describe"}"""), StringComparison.Ordinal);
    }

    private static Task<TestEnclave> StartAsync(long budget, TimeSpan? wait = null) => TestEnclave.StartAsync(options => options with
    {
        Limits = options.Limits with { MaxMessageLength = MaxLength, MessageBudget = (int)budget, RequestTimeout = wait ?? Wait },
    });

    private static async Task<EnclavePeer[]> ConnectAsync(TestEnclave enclave, int count) =>
        await Task.WhenAll(Enumerable.Range(0, count).Select(_ => enclave.ConnectAsync()));

    private static async Task DisposeAsync(EnclavePeer[] peers)
    {
        foreach (EnclavePeer peer in peers)
        {
            await peer.DisposeAsync();
        }
    }

    private static Task<bool> Take(MessageBudget budget, MessageBudget.Use use, long bytes) =>
        budget.TakeAsync(use, bytes, CancellationToken.None).AsTask();

    private static async Task TakeAll(MessageBudget budget, MessageBudget.Use use, long each)
    {
        Task<bool> taken;
        using var last = new CancellationTokenSource();
        while ((taken = budget.TakeAsync(use, each, last.Token).AsTask()).IsCompleted)
        {
            Assert.True(await taken);
        }

        await last.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => taken);
    }

    private MessageBudget Create(long total) => new(total, MaxLength, Wait, _clock);
}
