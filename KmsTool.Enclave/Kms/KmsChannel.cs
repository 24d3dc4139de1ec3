using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using KmsTool.Enclave.Egress;
using KmsTool.Protocol.Messages;

namespace KmsTool.Enclave.Kms;

/// <summary>
/// HTTPS to KMS through the parent's proxy. TLS ends here, host name checked; connections are pooled across sessions.
/// </summary>
internal sealed class KmsChannel : IDisposable
{
    /// <summary>Connections to one endpoint at once.</summary>
    public const int MaxConnections = 128;

    // A list of a thousand keys or grants is the longest.
    private const int MaxBodyLength = 1024 * 1024;
    private const int MaxRequestIdLength = 64;

    private readonly HttpMessageInvoker _http;

    /// <param name="parent">The way to KMS's port.</param>
    /// <param name="trust">The roots that KMS's certificate must chain to.</param>
    public KmsChannel(ParentRoutes parent, TrustAnchors trust)
    {
        SslClientAuthenticationOptions tls = trust.CreateClientOptions();
        tls.ApplicationProtocols = [SslApplicationProtocol.Http11];
        var handler = new SocketsHttpHandler
        {
            ActivityHeadersPropagator = null,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectCallback = async (context, cancellationToken) => new NetworkStream(
                await parent.ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellationToken), ownsSocket: true),
            ConnectTimeout = TimeSpan.FromSeconds(5),
            MaxConnectionsPerServer = MaxConnections,
            MaxResponseHeadersLength = 16,
            // Short, so that it is rarely the other side that closes one, just as a request goes out on it.
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(20),
            PooledConnectionLifetime = TimeSpan.FromMinutes(15),
            SslOptions = tls,
            UseCookies = false,
            UseProxy = false,
        };
        _http = new HttpMessageInvoker(handler, disposeHandler: true);
    }

    /// <summary>
    /// Proves that KMS can be reached, by any answer whatever over a connection that TLS has authenticated. It leaves the
    /// connection in the pool for the request that follows.
    /// </summary>
    /// <exception cref="KmsException">No route, or not KMS.</exception>
    public async Task ProveRouteAsync(KmsEndpoint endpoint, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(endpoint.Uri, "/ping"));
        try
        {
            await SendAsync(request, cancellationToken);
        }
        catch (KmsException e) when (e.InnerException is HttpRequestException
        { HttpRequestError: HttpRequestError.ResponseEnded or HttpRequestError.InvalidResponse })
        {
            // TLS has proved who is there; that it dislikes the request is for the next one to find out.
        }
    }

    /// <summary>Sends a request and reads the whole answer.</summary>
    /// <exception cref="KmsException">No route, not KMS, no whole answer, or one that is too long.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<KmsHttpResponse> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(request, cancellationToken);
            byte[] body = await ReadBodyAsync(response.Content, cancellationToken);
            return new KmsHttpResponse((int)response.StatusCode, body, response.Headers.Date, ReadRequestId(response));
        }
        catch (HttpRequestException e)
        {
            throw Explain(e);
        }
        catch (IOException e)
        {
            throw Ended(e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new KmsException(ErrorCodes.KmsUnreachable, "connecting to KMS took too long; is the parent's vsock-proxy running?", e);
        }
    }

    public void Dispose() => _http.Dispose();

    private static string? ReadRequestId(HttpResponseMessage response) =>
        response.Headers.TryGetValues("x-amzn-RequestId", out IEnumerable<string>? values) && values.ToArray() is [{ Length: <= MaxRequestIdLength } id]
            && id.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
            ? id
            : null;

    private static async Task<byte[]> ReadBodyAsync(HttpContent content, CancellationToken cancellationToken)
    {
        long? announced = content.Headers.ContentLength;
        if (announced > MaxBodyLength)
        {
            throw TooLong();
        }

        await using Stream stream = await content.ReadAsStreamAsync(cancellationToken);
        byte[] buffer = new byte[announced ?? 4096];
        int length = 0;
        while (true)
        {
            if (length == buffer.Length)
            {
                if (length == announced)
                {
                    return buffer;
                }

                if (length >= MaxBodyLength)
                {
                    throw TooLong();
                }

                byte[] larger = new byte[length * 2];
                buffer.CopyTo(larger, 0);
                CryptographicOperations.ZeroMemory(buffer);
                buffer = larger;
            }

            int read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0)
            {
                return buffer[..length];
            }

            length += read;
        }
    }

    private static KmsException TooLong() =>
        new(ErrorCodes.InvalidKmsAnswer, $"KMS's answer has more than {MaxBodyLength} bytes");

    private static KmsException Ended(Exception e) =>
        new(ErrorCodes.KmsUnreachable, "the connection to KMS ended before a whole answer", e);

    private static KmsException Explain(HttpRequestException e) => e.HttpRequestError switch
    {
        HttpRequestError.SecureConnectionError => new KmsException(ErrorCodes.KmsTlsFailed,
            "TLS with KMS failed (" + (e.InnerException is AuthenticationException tls ? tls.Message : "the connection ended within the handshake")
            + "); do region and endpoint agree with the parent's vsock-proxy?", e),
        HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError => new KmsException(ErrorCodes.KmsUnreachable,
            "KMS cannot be reached" + (e.InnerException is SocketException or IOException ? $" ({e.InnerException.Message.TrimEnd('.')})" : "")
            + "; is the parent's vsock-proxy running?", e),
        HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded =>
            new KmsException(ErrorCodes.InvalidKmsAnswer, "KMS's answer is not HTTP", e),
        _ => Ended(e),
    };
}

/// <summary>An HTTP answer of KMS, read whole.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Body">The body, bounded.</param>
/// <param name="Date">KMS's clock, from the Date header.</param>
/// <param name="RequestId">What KMS's support asks for; <see langword="null"/> where KMS gave none of a sane form.</param>
internal sealed record KmsHttpResponse(int Status, byte[] Body, DateTimeOffset? Date, string? RequestId);
