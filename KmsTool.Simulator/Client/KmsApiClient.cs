using System.Buffers;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using KmsTool.Signing;
using KmsTool.Simulator.Kms;
using Microsoft.AspNetCore.Http;

namespace KmsTool.Simulator.Client;

/// <summary>Calls KMS as the AWS CLI does, for shells that do not have it.</summary>
internal sealed class KmsApiClient : IDisposable
{
    private const int MaxResponseLength = 1024 * 1024;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http;
    private readonly ClientCredentials _credentials;
    private readonly string _region;
    private readonly TimeProvider _time;

    /// <param name="endpoint">The address of KMS.</param>
    /// <param name="trust">The authorities that may have issued its certificate.</param>
    /// <param name="credentials">Sign every call.</param>
    /// <param name="region">The region of KMS.</param>
    /// <param name="time">The clock.</param>
    public KmsApiClient(Uri endpoint, X509Certificate2Collection trust, ClientCredentials credentials, string region, TimeProvider time)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(trust);
        var handler = new SocketsHttpHandler { UseProxy = false, SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy } };
        _http = new HttpClient(handler) { Timeout = Timeout, MaxResponseContentBufferSize = MaxResponseLength };
        Endpoint = endpoint;
        (_credentials, _region, _time) = (credentials, region, time);
    }

    public Uri Endpoint { get; }

    /// <summary>Sends a request and returns the response, also where KMS refuses the request.</summary>
    /// <exception cref="HttpRequestException">KMS cannot be reached, or its certificate is not trusted.</exception>
    /// <exception cref="TaskCanceledException">KMS did not respond in time.</exception>
    public async Task<KmsApiResponse> CallAsync(string operation, byte[] body, CancellationToken cancellationToken)
    {
        KeyValuePair<string, string>[] headers =
        [
            new("Content-Type", KmsService.ContentType),
            new("Host", Endpoint.Authority),
            new(KmsService.TargetHeader, KmsService.TargetPrefix + operation),
        ];
        IEnumerable<KeyValuePair<string, string>> signature = SigV4Signer.Sign(
            new SigV4Request(HttpMethods.Post, "/", headers, body), _credentials, _region, "kms", _time.GetUtcNow());

        using var request = new HttpRequestMessage(HttpMethod.Post, Endpoint) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(KmsService.ContentType);
        foreach ((string name, string value) in headers.Skip(1).Concat(signature))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using HttpResponseMessage response = await _http.SendAsync(request, cancellationToken);
        return new KmsApiResponse(response.IsSuccessStatusCode, await response.Content.ReadAsByteArrayAsync(cancellationToken));
    }

    public void Dispose() => _http.Dispose();
}

/// <summary>A response of KMS.</summary>
internal sealed class KmsApiResponse(bool isSuccess, byte[] json)
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true, NewLine = "\n" };

    /// <summary>Gets whether KMS carried out the operation.</summary>
    public bool IsSuccess { get; } = isSuccess;

    /// <summary>
    /// Gets the member at <paramref name="path"/>, such as <c>KeyMetadata.Arn</c>, as text, strings without quotes; <see langword="null"/>
    /// if there is none.
    /// </summary>
    /// <param name="path">Names of members, with dots between them; <see langword="null"/> for the whole response.</param>
    /// <exception cref="JsonException">The response is not JSON.</exception>
    public string? Select(string? path)
    {
        using var document = JsonDocument.Parse(json);
        JsonElement element = document.RootElement;
        foreach (string name in path?.Split('.') ?? [])
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
            {
                return null;
            }
        }

        return element.ValueKind == JsonValueKind.String ? element.GetString() : Format(element);
    }

    /// <summary>Gets the error of a refused request as text, for example <c>NotFoundException: Key '…' does not exist</c>.</summary>
    public string DescribeError()
    {
        string type = Select("__type") ?? "an error of no type";
        return Select("message") is { } message ? $"{type}: {message}" : type;
    }

    private static string Format(JsonElement element)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Indented))
        {
            element.WriteTo(writer);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
