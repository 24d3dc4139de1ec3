using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using KmsTool.Signing;

namespace KmsTool.Simulator.Client;

/// <summary>The access key that signs requests. It is not a record, so that nothing prints it.</summary>
internal sealed class ClientCredentials(string accessKeyId, string secretAccessKey, string? sessionToken) : ISigV4Credentials
{
    public string AccessKeyId { get; } = accessKeyId;

    public string? SessionToken { get; } = sessionToken;

    public void Sign(CredentialScope scope, ReadOnlySpan<byte> text, Span<byte> signature)
    {
        Span<byte> key = stackalloc byte[HMACSHA256.HashSizeInBytes];
        SigningKey.Derive(Encoding.UTF8.GetBytes(secretAccessKey), scope, key);
        HMACSHA256.HashData(key, text, signature);
    }

    public override string ToString() => AccessKeyId;
}

/// <summary>Reads the credentials of the instance's role from the metadata service, version 2.</summary>
internal static class InstanceMetadata
{
    private const string CredentialsPath = "/latest/meta-data/iam/security-credentials/";

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <exception cref="HttpRequestException">The service cannot be reached, or the instance has no role.</exception>
    /// <exception cref="TaskCanceledException">The service did not respond in time.</exception>
    public static async Task<ClientCredentials> ReadCredentialsAsync(Uri endpoint, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false };
        using var http = new HttpClient(handler) { BaseAddress = endpoint, Timeout = Timeout };
        using var request = new HttpRequestMessage(HttpMethod.Put, "/latest/api/token");
        request.Headers.Add("X-aws-ec2-metadata-token-ttl-seconds", "60");
        using HttpResponseMessage response = (await http.SendAsync(request, cancellationToken)).EnsureSuccessStatusCode();
        http.DefaultRequestHeaders.Add("X-aws-ec2-metadata-token", await response.Content.ReadAsStringAsync(cancellationToken));

        string role = await http.GetStringAsync(CredentialsPath, cancellationToken);
        using var document = JsonDocument.Parse(await http.GetByteArrayAsync(CredentialsPath + role, cancellationToken));
        return new ClientCredentials(Read("AccessKeyId"), Read("SecretAccessKey"), Read("Token"));

        string Read(string member) => document.RootElement.GetProperty(member).GetString()!;
    }
}
