using System.Net;
using System.Text.Json;
using KmsTool.Simulator.Iam;

namespace KmsTool.Tests.Simulator.Imds;

public sealed class ImdsTests
{
    private const string TokenHeader = "X-aws-ec2-metadata-token";
    private const string LifetimeHeader = "X-aws-ec2-metadata-token-ttl-seconds";
    private const string CredentialsPath = "/latest/meta-data/iam/security-credentials/";

    [Theory]
    [InlineData("1", HttpStatusCode.OK)]
    [InlineData("21600", HttpStatusCode.OK)]
    [InlineData("0", HttpStatusCode.BadRequest)]
    [InlineData("21601", HttpStatusCode.BadRequest)]
    [InlineData("-1", HttpStatusCode.BadRequest)]
    [InlineData("x", HttpStatusCode.BadRequest)]
    [InlineData(null, HttpStatusCode.BadRequest)]
    public async Task PutToken_lifetime_isBounded(string? lifetime, HttpStatusCode expected)
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();

        using HttpResponseMessage response = await PutTokenAsync(simulator, lifetime);

        Assert.Equal(expected, response.StatusCode);
        if (expected == HttpStatusCode.OK)
        {
            Assert.Equal(lifetime, response.Headers.GetValues(LifetimeHeader).Single());
        }
    }

    [Fact]
    public async Task PutToken_forwardedByAProxy_isForbidden()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();

        using HttpResponseMessage response = await PutTokenAsync(simulator, "60", ("X-Forwarded-For", "10.0.0.1"));

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Fact]
    public async Task Get_withoutValidToken_isUnauthorized()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        string token = await TokenAsync(simulator);
        string altered = (token[0] == 'A' ? 'B' : 'A') + token[1..];

        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(simulator, CredentialsPath, token: null)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(simulator, CredentialsPath, token: "x")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(simulator, CredentialsPath, altered)).Status);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(simulator, CredentialsPath, token)).Status);
        simulator.Host.Clock.Offset = TimeSpan.FromSeconds(61);
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(simulator, CredentialsPath, token)).Status);
    }

    [Fact]
    public async Task GetCredentials_areThoseOfTheRole()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        string token = await TokenAsync(simulator);

        (_, string roleName) = await GetAsync(simulator, CredentialsPath, token);
        (_, string document) = await GetAsync(simulator, CredentialsPath + roleName, token);

        Assert.Equal("kmstool-instance-role", roleName);
        using var json = JsonDocument.Parse(document);
        AwsCredential issued = simulator.Host.Role!.CurrentCredential();
        Assert.Equal("Success", json.RootElement.GetProperty("Code").GetString());
        Assert.Equal("AWS-HMAC", json.RootElement.GetProperty("Type").GetString());
        Assert.Equal(issued.AccessKeyId, json.RootElement.GetProperty("AccessKeyId").GetString());
        Assert.Equal(issued.SecretAccessKey, json.RootElement.GetProperty("SecretAccessKey").GetString());
        Assert.Equal(issued.SessionToken, json.RootElement.GetProperty("Token").GetString());
        Assert.InRange(
            issued.Expiration!.Value - json.RootElement.GetProperty("Expiration").GetDateTimeOffset(), TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(simulator, CredentialsPath + "other", token)).Status);
    }

    [Theory]
    [InlineData(6 * 3600, 300)]
    [InlineData(100, 25)]
    public async Task GetCredentials_areRenewedBeforeTheyExpire(int lifetime, int renewedBefore)
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync(
            options => options with { CredentialLifetime = TimeSpan.FromSeconds(lifetime) });
        AwsCredential first = simulator.Host.Role!.CurrentCredential();

        simulator.Host.Clock.Offset = TimeSpan.FromSeconds(lifetime - renewedBefore - 20);
        AwsCredential same = simulator.Host.Role.CurrentCredential();
        simulator.Host.Clock.Offset = TimeSpan.FromSeconds(lifetime - renewedBefore + 1);
        AwsCredential renewed = simulator.Host.Role.CurrentCredential();

        Assert.Same(first, same);
        Assert.NotEqual(first.AccessKeyId, renewed.AccessKeyId);
        Assert.True(simulator.Host.Credentials.TryFind(first.AccessKeyId, out _));
    }

    [Fact]
    public async Task GetRole_ofInstanceWithoutRole_isNotFound()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync(options => options with { RoleName = null });
        string token = await TokenAsync(simulator);

        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(simulator, CredentialsPath, token)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(simulator, CredentialsPath + "kmstool-instance-role", token)).Status);
    }

    [Fact]
    public async Task Get_placementAndIdentity_nameTheRegion()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync(options => options with { Region = "eu-central-1" });
        string token = await TokenAsync(simulator);

        (_, string identity) = await GetAsync(simulator, "/latest/dynamic/instance-identity/document", token);

        Assert.Equal("eu-central-1", (await GetAsync(simulator, "/latest/meta-data/placement/region", token)).Body);
        Assert.Equal("eu-central-1a", (await GetAsync(simulator, "/latest/meta-data/placement/availability-zone", token)).Body);
        Assert.Equal("i-0123456789abcdef0", (await GetAsync(simulator, "/latest/meta-data/instance-id", token)).Body);
        using var json = JsonDocument.Parse(identity);
        Assert.Equal("eu-central-1", json.RootElement.GetProperty("region").GetString());
        Assert.Equal("111122223333", json.RootElement.GetProperty("accountId").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(simulator, "/latest/user-data", token)).Status);
    }

    private static async Task<HttpResponseMessage> PutTokenAsync(RunningSimulator simulator, string? lifetime, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, new Uri(simulator.Host.ImdsEndpoint, "/latest/api/token"));
        if (lifetime is not null)
        {
            request.Headers.Add(LifetimeHeader, lifetime);
        }

        foreach ((string name, string value) in headers)
        {
            request.Headers.Add(name, value);
        }

        return await simulator.HttpClient().SendAsync(request);
    }

    private static async Task<string> TokenAsync(RunningSimulator simulator)
    {
        using HttpResponseMessage response = await PutTokenAsync(simulator, "60");
        return await response.Content.ReadAsStringAsync();
    }

    private static async Task<(HttpStatusCode Status, string Body)> GetAsync(RunningSimulator simulator, string path, string? token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(simulator.Host.ImdsEndpoint, path));
        if (token is not null)
        {
            request.Headers.Add(TokenHeader, token);
        }

        using HttpResponseMessage response = await simulator.HttpClient().SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
