using System.Globalization;
using System.Net;
using System.Net.Sockets;
using KmsTool.Instance.VsockProxy.Destinations;
using KmsTool.Instance.VsockProxy.Rules;
using KmsTool.Networking;
using KmsTool.Networking.Hosts;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.VsockProxy.Destinations;

/// <summary>Connecting to a destination, over several of the machine's loopback addresses (127.0.0.0/8 and ::1).</summary>
public sealed class DestinationTests : IDisposable
{
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(60));
    private readonly ManualClock _clock = new();
    private readonly TcpListener _server = new(IPAddress.Parse("127.0.0.2"), 0);
    private readonly NameTable _names = new() { Answer = _ => NameTable.Addresses("127.0.0.2") };

    private readonly KeyedConcurrencyLimiter _limiter = new(limitOfEach: 1, limit: 2);
    private readonly HappyEyeballs _eyeballs;

    public DestinationTests()
    {
        _eyeballs = new HappyEyeballs(_clock, _limiter);
        _server.Start();
    }

    private ushort Port => (ushort)((IPEndPoint)_server.LocalEndpoint).Port;

    [Fact]
    public async Task ConnectAsync_address_is_not_looked_up()
    {
        using Socket connected = await Create("127.0.0.2", NameTable.None).ConnectAsync(_patience.Token);

        Assert.Equal(_server.LocalEndpoint.ToString(), Remote(connected));
    }

    [Fact]
    public async Task ConnectAsync_IPv6_address_is_connected_to()
    {
        using var server = new TcpListener(IPAddress.IPv6Loopback, 0);
        server.Start();

        using Socket connected = await Create("::1", NameTable.None, port: (ushort)((IPEndPoint)server.LocalEndpoint).Port).ConnectAsync(_patience.Token);

        Assert.True(connected.Connected);
    }

    [Fact]
    public async Task ConnectAsync_addresses_that_refuse_are_passed_over_at_once()
    {
        // The clock stands: a head start for an attempt that has failed would never end.
        _names.Answer = _ => NameTable.Addresses("127.0.0.3", "127.0.0.4", "127.0.0.2");

        using Socket connected = await Create("kms.test").ConnectAsync(_patience.Token);

        Assert.Equal(_server.LocalEndpoint.ToString(), Remote(connected));
    }

    [Fact]
    public async Task ConnectAsync_address_that_does_not_answer_delays_the_next_by_its_head_start_only()
    {
        using Socket silent = await ListenWithoutAnswerAsync("127.0.0.3");
        _names.Answer = _ => NameTable.Addresses("127.0.0.3", "127.0.0.2");
        Task<Socket> connecting = Create("kms.test").ConnectAsync(_patience.Token);
        await _clock.WaitForTimerAsync(TimeSpan.FromMilliseconds(250), _patience.Token);
        Assert.False(_server.Pending());

        _clock.Advance(TimeSpan.FromMilliseconds(250));

        using Socket connected = await connecting;
        Assert.Equal(_server.LocalEndpoint.ToString(), Remote(connected));
    }

    [Fact]
    public async Task ConnectAsync_address_that_does_not_answer_is_given_up_for_the_next_where_others_have_all_limiter()
    {
        using Socket silent = await ListenWithoutAnswerAsync("127.0.0.3");
        using Socket silentToo = await ListenWithoutAnswerAsync("127.0.0.4");
        _names.Answer = _ => NameTable.Addresses("127.0.0.3", "127.0.0.4", "127.0.0.2");
        Assert.True(_limiter.TryAcquire("a"));
        Assert.True(_limiter.TryAcquire("b"));
        Task<Socket> connecting = Create("kms.test").ConnectAsync(_patience.Token);

        for (int i = 0; i < 8; i++)
        {
            await _clock.WaitForTimerAsync(TimeSpan.FromMilliseconds(250), _patience.Token);
            Assert.False(_server.Pending());
            _clock.Advance(TimeSpan.FromMilliseconds(250));
        }

        using Socket connected = await connecting;
        Assert.Equal(_server.LocalEndpoint.ToString(), Remote(connected));
    }

    [Fact]
    public async Task ConnectAsync_who_asks_for_many_dead_addresses_takes_no_limiter_of_others()
    {
        using Socket silent = await ListenWithoutAnswerAsync("127.0.0.3");
        using Socket silentToo = await ListenWithoutAnswerAsync("127.0.0.4");
        using Socket silentThird = await ListenWithoutAnswerAsync("127.0.0.5");
        _names.Answer = _ => NameTable.Addresses("127.0.0.3", "127.0.0.4", "127.0.0.5");
        using var hostile = new CancellationTokenSource();
        Task<Socket> held = Create(Options("dead.test") with { Requester = "hostile" }, _names.LookUpAsync).ConnectAsync(hostile.Token);
        for (int i = 0; i < 2; i++)
        {
            await _clock.WaitForTimerAsync(TimeSpan.FromMilliseconds(250), _patience.Token);
            _clock.Advance(TimeSpan.FromMilliseconds(250));
        }

        await _clock.WaitForTimerAsync(TimeSpan.FromMilliseconds(250), _patience.Token);
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        _names.Answer = _ => NameTable.Addresses("127.0.0.3", "127.0.0.2");
        Task<Socket> connecting = Create(Options("kms.test") with { Requester = "other" }, _names.LookUpAsync).ConnectAsync(_patience.Token);
        await _clock.WaitForTimerAsync(TimeSpan.FromMilliseconds(250), _patience.Token);
        _clock.Advance(TimeSpan.FromMilliseconds(250));

        using Socket connected = await connecting;
        Assert.Equal(_server.LocalEndpoint.ToString(), Remote(connected));
        await hostile.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => held);
    }

    [Fact]
    public async Task ConnectAsync_all_addresses_fail_says_so_of_each()
    {
        _names.Answer = _ => NameTable.Addresses("127.0.0.3", "127.0.0.4");

        DestinationException e = await Assert.ThrowsAsync<DestinationException>(() => Create("kms.test").ConnectAsync(_patience.Token));

        Assert.Equal("127.0.0.3: Connection refused; 127.0.0.4: Connection refused", e.Message);
    }

    [Fact]
    public async Task ConnectAsync_all_known_addresses_fail_tries_those_that_the_name_has_now()
    {
        Destination destination = Create("kms.test");
        (await destination.ConnectAsync(_patience.Token)).Dispose();
        using var moved = new TcpListener(IPAddress.Parse("127.0.0.5"), Port);
        moved.Start();
        _server.Stop();
        _names.Answer = _ => NameTable.Addresses("127.0.0.5");
        _clock.Advance(TimeSpan.FromSeconds(2));

        using Socket connected = await destination.ConnectAsync(_patience.Token);

        Assert.Equal(moved.LocalEndpoint.ToString(), Remote(connected));
        Assert.Equal(2, _names.Questions);
    }

    [Fact]
    public async Task ConnectAsync_no_answer_in_time_fails_and_has_the_name_looked_up_for_the_next()
    {
        using Socket silent = await ListenWithoutAnswerAsync("127.0.0.3");
        using Socket silentToo = await ListenWithoutAnswerAsync("127.0.0.4");
        _names.Answer = _ => NameTable.Addresses("127.0.0.3", "127.0.0.4");
        Destination destination = Create("kms.test");
        Task<Socket> connecting = destination.ConnectAsync(_patience.Token);
        await _clock.WaitForTimerAsync(TimeSpan.FromMilliseconds(250), _patience.Token);
        var askedAgain = new TaskCompletionSource();
        _names.Answer = _ =>
        {
            askedAgain.SetResult();
            return NameTable.Addresses("127.0.0.2");
        };

        _clock.Advance(TimeSpan.FromSeconds(3));

        DestinationException e = await Assert.ThrowsAsync<DestinationException>(() => connecting);
        Assert.Equal("no answer within 3 s", e.Message);
        await askedAgain.Task.WaitAsync(_patience.Token);
    }

    [Fact]
    public async Task ConnectAsync_only_the_addresses_that_are_allowed_are_used()
    {
        Destination destination = Create(Options("kms.test") with { Addresses = [IPAddress.Parse("127.0.0.2")] }, NameTable.None);

        using Socket connected = await destination.ConnectAsync(_patience.Token);

        Assert.Equal(_server.LocalEndpoint.ToString(), Remote(connected));
    }

    [Fact]
    public async Task ConnectAsync_address_of_a_name_that_is_not_allowed_is_passed_over()
    {
        _names.Answer = _ => NameTable.Addresses("169.254.169.254", "fe80::1", "127.0.0.2");
        DestinationSettings options = Options("kms.test") with { Filter = address => address.Equals(IPAddress.Parse("127.0.0.2")) };

        using Socket connected = await Create(options, _names.LookUpAsync).ConnectAsync(_patience.Token);

        Assert.Equal(_server.LocalEndpoint.ToString(), Remote(connected));
    }

    [Fact]
    public async Task ConnectAsync_name_without_an_address_that_is_allowed_is_refused()
    {
        DestinationSettings options = Options("kms.test") with { Filter = new DestinationSettings { Host = "kms.test", Port = 1 }.Filter };

        DestinationException e = await Assert.ThrowsAsync<DestinationException>(() => Create(options, _names.LookUpAsync).ConnectAsync(_patience.Token));

        Assert.Equal(DestinationFailure.NotAllowed, e.Failure);
    }

    // The name's owner has it lead to the parent once the proxy knows it: the address that is connected to is what counts.
    [Theory]
    [InlineData("127.0.0.2")]
    [InlineData("::ffff:127.0.0.2")]
    [InlineData("::1")]
    [InlineData("0.0.0.0")]
    [InlineData("169.254.169.254")]
    [InlineData("fd00:ec2::254")]
    [InlineData("64:ff9b::127.0.0.2")]
    [InlineData("2002:7f00:2::")]
    public async Task ConnectAsync_name_that_is_bound_anew_to_the_parent_is_refused(string address)
    {
        var list = new Allowlist("allow.yaml", [new AllowlistEntry(HostPattern.Parse("kms.test"), Port)]);
        _names.Answer = _ => NameTable.Addresses("127.0.0.3");
        Destination destination = Create(
            Options("kms.test") with { Filter = actual => actual.Equals(IPAddress.Parse("127.0.0.3")) || list.Admit("kms.test", Port)!(actual) }, _names.LookUpAsync);
        DestinationException refused = await Assert.ThrowsAsync<DestinationException>(() => destination.ConnectAsync(_patience.Token));
        Assert.Equal(DestinationFailure.Unreachable, refused.Failure);

        _names.Answer = _ => NameTable.Addresses(address);
        _clock.Advance(TimeSpan.FromSeconds(2));

        DestinationException rebound = await Assert.ThrowsAsync<DestinationException>(() => destination.ConnectAsync(_patience.Token));
        Assert.Equal(DestinationFailure.NotAllowed, rebound.Failure);
        Assert.False(_server.Pending());
    }

    [Theory]
    [InlineData("10.0.0.1 10.0.0.2 2001:db8::1 2001:db8::2", "10.0.0.1 2001:db8::1 10.0.0.2 2001:db8::2")]
    [InlineData("2001:db8::1 2001:db8::2 2001:db8::3 10.0.0.1", "2001:db8::1 10.0.0.1 2001:db8::2 2001:db8::3")]
    [InlineData("10.0.0.2 10.0.0.1", "10.0.0.2 10.0.0.1")]
    public void Interleave_families_take_turns_in_the_order_of_the_system(string given, string expected)
    {
        IPAddress[] addresses = [.. given.Split(' ').Select(IPAddress.Parse)];

        Assert.Equal(expected, string.Join(' ', HappyEyeballs.Interleave(addresses)));
    }

    public void Dispose()
    {
        _server.Dispose();
        _patience.Dispose();
    }

    private static string? Remote(Socket socket) =>
        socket.RemoteEndPoint is IPEndPoint { Address: var address, Port: var port }
            ? string.Create(CultureInfo.InvariantCulture, $"{address.MapToIPv4()}:{port}")
            : null;

    private Destination Create(string host, NameLookup? lookup = null, ushort? port = null) => Create(Options(host, port), lookup ?? _names.LookUpAsync);

    private Destination Create(DestinationSettings options, NameLookup lookup) =>
        new(
            options,
            new NameResolver(options.Host, options.Family, new LookupThreads(LookupBounds.Fixed, NameTable.Blocking(lookup)), _clock, new RecordingLogger()),
            _eyeballs, _clock);

    private DestinationSettings Options(string host, ushort? port = null) => new() { Host = host, Port = port ?? Port, Filter = static _ => true };

    /// <summary>A listener whose queue is full: Linux drops further connection requests without an answer.</summary>
    private async Task<Socket> ListenWithoutAnswerAsync(string address)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Parse(address), Port));
        listener.Listen(0);
        using var first = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await first.ConnectAsync(listener.LocalEndPoint!, _patience.Token);
        return listener;
    }
}
