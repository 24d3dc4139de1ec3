using System.Net;
using System.Net.Sockets;
using System.Text;
using KmsTool.Enclave.Credentials;
using KmsTool.Enclave.Egress;
using KmsTool.Enclave.Kms;
using KmsTool.Protocol.Sockets;
using KmsTool.Simulator.Iam;
using KmsTool.Tests.Enclave.Egress;
using KmsTool.Tests.Instance;
using KmsTool.Tests.Simulator;
using KmsTool.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace KmsTool.Tests.Enclave.Credentials;

/// <summary>Instance metadata as the parent's proxy leads to it, and everything it may answer instead of credentials.</summary>
public sealed class InstanceMetadataSourceTests : IDisposable
{
    private readonly CancellationTokenSource _bound = new(TimeSpan.FromSeconds(60));
    private readonly ManualClock _clock = new();

    [Fact]
    public async Task FetchAsync_credentials_of_the_role_are_read()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        await using InstanceMetadataSource source = Source(simulator.Host.ImdsEndpoint);
        AwsCredential expected = simulator.Host.Role!.CurrentCredential();

        TimedCredentials fetched = await source.FetchAsync(_bound.Token);

        using KmsCredentials credentials = fetched.Credentials;
        Assert.Equal((expected.AccessKeyId, expected.SessionToken), (credentials.AccessKeyId, credentials.SessionToken));
        Assert.InRange(fetched.Expiration!.Value - TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(1), TimeSpan.FromHours(6));
    }

    [Fact]
    public async Task FetchAsync_instance_without_a_role_is_said_with_what_to_do()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync(options => options with { RoleName = null });

        await AssertFailsAsync(simulator.Host.ImdsEndpoint, "the instance has no role (instance metadata answers 404); attach an instance profile");
    }

    [Theory]
    [InlineData("http://[fd00:ec2::254]", "fd00:ec2::254", 80)]
    [InlineData("http://Metadata.test:8080/", "metadata.test", 8080)]
    public async Task FetchAsync_way_is_that_of_the_endpoint(string endpoint, string host, int port)
    {
        await using LoopbackHttp metadata = await FakeInstanceMetadata.StartAsync();
        var parent = new ParentRoutes { Fixed = new Dictionary<(string, int), StreamAddress> { [(host, port)] = AddressOf(new Uri(metadata.Url)) } };
        await using var source = new InstanceMetadataSource(new Uri(endpoint), parent, _clock);

        using KmsCredentials credentials = (await source.FetchAsync(_bound.Token)).Credentials;

        Assert.Equal(FakeInstanceMetadata.AccessKeyId, credentials.AccessKeyId);
    }

    [Theory]
    [InlineData(403, "switched off, or forbidden by the parent's proxy (403)")]
    [InlineData(400, "instance metadata answers /latest/api/token with status 400")]
    [InlineData(404, "instance metadata answers /latest/api/token with status 404")]
    [InlineData(302, "instance metadata answers /latest/api/token with status 302")]
    [InlineData(503, "instance metadata answers /latest/api/token with status 503")]
    public async Task FetchAsync_token_that_is_refused_is_told(int status, string expected)
    {
        await using LoopbackHttp metadata = await LoopbackHttp.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = "http://127.0.0.1:1/";
            return Task.CompletedTask;
        });

        await AssertFailsAsync(new Uri(metadata.Url), expected);
    }

    [Fact]
    public async Task FetchAsync_token_that_is_not_taken_is_told()
    {
        await using LoopbackHttp metadata = await LoopbackHttp.StartAsync(context =>
        {
            context.Response.StatusCode = context.Request.Method == "PUT" ? 200 : 401;
            return context.Response.WriteAsync("token");
        });

        await AssertFailsAsync(new Uri(metadata.Url), "security-credentials/ with status 401");
    }

    [Theory]
    [InlineData("a\r\nX-Evil: 1")]
    [InlineData("a\nb")]
    [InlineData("\0")]
    [InlineData("a b")]
    [InlineData("\u001b[31m")]
    [InlineData("")]
    public async Task FetchAsync_token_that_is_no_header_adds_none_and_is_no_fault(string token)
    {
        bool isEvil = false;
        await using LoopbackHttp metadata = await LoopbackHttp.StartAsync(context =>
        {
            isEvil |= context.Request.Headers.ContainsKey("X-Evil");
            context.Response.StatusCode = context.Request.Method == "PUT" ? 200 : 401;
            return context.Response.WriteAsync(token);
        });

        await AssertFailsAsync(new Uri(metadata.Url), "instance metadata gives no token");

        Assert.False(isEvil);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\nrole")]
    [InlineData("<html>")]
    [InlineData("a role")]
    [InlineData("../../api/token")]
    [InlineData("rolé")]
    public async Task FetchAsync_role_without_a_name_is_told(string role) =>
        await AssertRoleFailsAsync(role, FakeInstanceMetadata.GoodCredentials, "instance metadata names no role");

    [Fact]
    public async Task FetchAsync_role_of_too_long_a_name_is_told() =>
        await AssertRoleFailsAsync(new string('x', 129), FakeInstanceMetadata.GoodCredentials, "instance metadata names no role");

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("SECRETSECRET")]
    [InlineData("""{"Code":"AssumeRoleUnauthorizedAccess","Message":"SECRETSECRET"}""")]
    [InlineData("""{"AccessKeyId":"ASIA","SecretAccessKey":"SECRETSECRET","Expiration":"soon"}""")]
    public async Task FetchAsync_credentials_that_are_none_are_told_and_not_quoted(string document) =>
        await AssertRoleFailsAsync("role", document, "instance metadata gives no credentials: ");

    [Fact]
    public async Task FetchAsync_answer_of_more_than_16_KiB_is_given_up() =>
        await AssertRoleFailsAsync("role", new string(' ', 20_000), "security-credentials/role with more than 16384 bytes");

    [Fact]
    public async Task FetchAsync_head_of_more_than_16_KiB_is_given_up()
    {
        await using LoopbackHttp metadata = await LoopbackHttp.StartAsync(context =>
        {
            context.Response.Headers["X"] = new string('x', 17_000);
            return Task.CompletedTask;
        });

        await AssertFailsAsync(new Uri(metadata.Url), "instance metadata cannot be reached: ");
    }

    [Theory]
    [InlineData("SSH-2.0-x\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ntoken")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")]
    [InlineData("")]
    public async Task FetchAsync_answer_that_is_no_HTTP_is_told(string answer)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task answering = AnswerAsync(listener, answer);

        await AssertFailsAsync(new Uri($"http://{listener.LocalEndpoint}"), "instance metadata cannot be reached: ");

        listener.Stop();
        await answering;
    }

    [Fact]
    public async Task FetchAsync_service_that_is_slow_is_given_up()
    {
        await using LoopbackHttp metadata = await LoopbackHttp.StartAsync(async context =>
        {
            await context.Response.WriteAsync("tok");
            await context.Response.Body.FlushAsync();
            _clock.Advance(TimeSpan.FromSeconds(5));
            await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });

        await AssertFailsAsync(new Uri(metadata.Url), "instance metadata gave no answer within 5 s");
    }

    [Fact]
    public async Task FetchAsync_that_is_cancelled_is_no_failure_of_the_service()
    {
        using var cancelled = new CancellationTokenSource();
        await using LoopbackHttp metadata = await LoopbackHttp.StartAsync(async context =>
        {
            await cancelled.CancelAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });
        await using InstanceMetadataSource source = Source(new Uri(metadata.Url));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => source.FetchAsync(cancelled.Token));
    }

    [Fact]
    public async Task FetchAsync_without_a_way_is_told()
    {
        await using var source = new InstanceMetadataSource(new Uri(InstanceMetadataSource.DefaultEndpoint), new ParentRoutes(), _clock);

        CredentialException e = await Assert.ThrowsAsync<CredentialException>(() => source.FetchAsync(_bound.Token));

        Assert.Equal("instance metadata cannot be reached: no route leads to 169.254.169.254:80", e.Message);
    }

    [Fact]
    public async Task FetchAsync_parents_proxy_that_refuses_is_told_with_its_reason()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task answering = AnswerAsync(listener, "HTTP/1.1 403 For\u001bbidden\r\n\r\n");
        var parent = new ParentRoutes { Other = TestEgress.AddressOf(listener), OtherTakesConnect = true };
        await using var source = new InstanceMetadataSource(new Uri(InstanceMetadataSource.DefaultEndpoint), parent, _clock);

        CredentialException e = await Assert.ThrowsAsync<CredentialException>(() => source.FetchAsync(_bound.Token));

        Assert.Equal(
            "instance metadata cannot be reached: the parent's proxy does not lead to 169.254.169.254:80: HTTP/1.1 403 For?bidden", e.Message);
        listener.Stop();
        await answering;
    }

    public void Dispose() => _bound.Dispose();

    private static StreamAddress.Tcp AddressOf(Uri uri) => new(uri.Host, (ushort)uri.Port);

    // As egress leads there: under the service's real address.
    private InstanceMetadataSource Source(Uri service) => new(
        new Uri(InstanceMetadataSource.DefaultEndpoint),
        new ParentRoutes { Fixed = new Dictionary<(string, int), StreamAddress> { [("169.254.169.254", 80)] = AddressOf(service) } },
        _clock);

    private async Task AssertFailsAsync(Uri service, string expected)
    {
        await using InstanceMetadataSource source = Source(service);

        CredentialException e = await Assert.ThrowsAsync<CredentialException>(() => source.FetchAsync(_bound.Token));

        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("SECRETSECRET", e.ToString(), StringComparison.Ordinal);
    }

    private async Task AssertRoleFailsAsync(string role, string document, string expected)
    {
        await using LoopbackHttp metadata = await LoopbackHttp.StartAsync(context => context.Response.WriteAsync(
            context.Request.Method == "PUT" ? "token" : context.Request.Path.Value!.EndsWith('/') ? role : document));

        await AssertFailsAsync(new Uri(metadata.Url), expected);
    }

    // Reads a request's head on each connection, answers and closes, until the listener stops.
    private async Task AnswerAsync(TcpListener listener, string answer)
    {
        try
        {
            while (true)
            {
                using Socket socket = await listener.AcceptSocketAsync(_bound.Token);
                var head = new StringBuilder();
                byte[] one = new byte[1];
                while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await socket.ReceiveAsync(one, _bound.Token) > 0)
                {
                    head.Append((char)one[0]);
                }

                await socket.SendAsync(Encoding.Latin1.GetBytes(answer), _bound.Token);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }
}
