using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using KmsTool.Signing;
using KmsTool.Simulator.Kms;
using Microsoft.AspNetCore.Http;

namespace KmsTool.Simulator.Client;

/// <summary>Calls KMS as the AWS CLI does, so that a shell without it can make keys and encrypt.</summary>
internal sealed class KmsClient : IDisposable
{
    private const int MaxAnswerLength = 1024 * 1024;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http;
    private readonly ClientCredentials _credentials;
    private readonly string _region;
    private readonly TimeProvider _time;

    /// <param name="endpoint">Where KMS is.</param>
    /// <param name="trust">The authorities whose certificates its server may have.</param>
    /// <param name="credentials">Sign every call.</param>
    /// <param name="region">Of KMS.</param>
    /// <param name="time">The clock.</param>
    public KmsClient(Uri endpoint, X509Certificate2Collection trust, ClientCredentials credentials, string region, TimeProvider time)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(trust);
        var handler = new SocketsHttpHandler { UseProxy = false, SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy } };
        _http = new HttpClient(handler) { Timeout = Timeout, MaxResponseContentBufferSize = MaxAnswerLength };
        Endpoint = endpoint;
        (_credentials, _region, _time) = (credentials, region, time);
    }

    public Uri Endpoint { get; }

    /// <summary>Returns whether KMS did it, and the JSON that KMS answered.</summary>
    /// <exception cref="HttpRequestException">KMS cannot be reached, or is not who it should be.</exception>
    /// <exception cref="TaskCanceledException">It did not answer in time.</exception>
    public async Task<(bool IsSuccess, byte[] Json)> CallAsync(string operation, byte[] body, CancellationToken cancellationToken)
    {
        KeyValuePair<string, string>[] headers =
        [
            new("Content-Type", KmsEndpoint.ContentType),
            new("Host", Endpoint.Authority),
            new(KmsEndpoint.TargetHeader, KmsEndpoint.TargetPrefix + operation),
        ];
        IEnumerable<KeyValuePair<string, string>> signature = SigV4Signer.Sign(
            new SigV4Request(HttpMethods.Post, "/", headers, body), _credentials, _region, "kms", _time.GetUtcNow());

        using var request = new HttpRequestMessage(HttpMethod.Post, Endpoint) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(KmsEndpoint.ContentType);
        foreach ((string name, string value) in headers.Skip(1).Concat(signature))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using HttpResponseMessage response = await _http.SendAsync(request, cancellationToken);
        return (response.IsSuccessStatusCode, await response.Content.ReadAsByteArrayAsync(cancellationToken));
    }

    public void Dispose() => _http.Dispose();
}
