using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using KmsTool.Simulator.Iam;

namespace KmsTool.Tests.Simulator.Kms;

/// <summary>
/// Sends bytes as they are, properly signed by a signer of its own: what real clients would not send.
/// </summary>
internal sealed class RawKms(RunningSimulator simulator, AwsCredential? credential = null)
{
    private readonly HttpClient _client = simulator.HttpClient();
    private readonly AwsCredential _credential = credential ?? simulator.Host.Administrator;

    public Task<HttpResponseMessage> PostAsync(string operation, string body) => PostAsync(operation, Encoding.UTF8.GetBytes(body));

    public async Task<HttpResponseMessage> PostAsync(string operation, byte[] body)
    {
        string time = simulator.Host.Clock.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        using var request = new HttpRequestMessage(HttpMethod.Post, simulator.Host.KmsEndpoint);
        request.Content = new ByteArrayContent(body);
        // So that a body that is refused for its length is not sent: the answer could be lost to the broken connection.
        request.Headers.ExpectContinue = true;
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-amz-json-1.1");
        request.Headers.Add("X-Amz-Date", time);
        request.Headers.Add("X-Amz-Target", "TrentService." + operation);
        if (_credential.SessionToken is { } token)
        {
            request.Headers.Add("X-Amz-Security-Token", token);
        }

        request.Headers.TryAddWithoutValidation("Authorization", Sign(operation, body, time));
        return await _client.SendAsync(request);
    }

    /// <summary>The error code, and the status as a check.</summary>
    public static async Task<string> ErrorOf(HttpResponseMessage response)
    {
        Assert.False(response.IsSuccessStatusCode);
        using var json = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
        return json.RootElement.GetProperty("__type").GetString()!;
    }

    private string Sign(string operation, byte[] body, string time)
    {
        const string SignedHeaders = "host;x-amz-date;x-amz-target";
        string region = simulator.Host.Account.Region;
        string scope = $"{time[..8]}/{region}/kms/aws4_request";
        string canonical =
            $"POST\n/\n\nhost:{simulator.Host.KmsEndpoint.Authority}\nx-amz-date:{time}\nx-amz-target:TrentService.{operation}\n\n"
            + $"{SignedHeaders}\n{Hex(SHA256.HashData(body))}";
        byte[] key = Encoding.UTF8.GetBytes("AWS4" + _credential.SecretAccessKey);
        foreach (string part in (string[])[time[..8], region, "kms", "aws4_request"])
        {
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        }

        string toSign = $"AWS4-HMAC-SHA256\n{time}\n{scope}\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        string signature = Hex(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign)));
        return $"AWS4-HMAC-SHA256 Credential={_credential.AccessKeyId}/{scope}, SignedHeaders={SignedHeaders}, Signature={signature}";
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
