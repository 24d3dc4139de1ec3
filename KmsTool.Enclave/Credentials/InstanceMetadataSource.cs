using System.Net;
using System.Net.Sockets;
using System.Text;
using KmsTool.Enclave.Egress;
using KmsTool.Protocol;

namespace KmsTool.Enclave.Credentials;

/// <summary>
/// The role of the parent instance, from its metadata service (IMDSv2, EC2 user guide, "Use the Instance Metadata Service"),
/// which the parent's proxy has to lead to. What it says is the parent's word, as any credentials here are.
/// </summary>
internal sealed class InstanceMetadataSource : ICredentialSource, IAsyncDisposable
{
    public const string DefaultEndpoint = "http://169.254.169.254";

    private const string RolePath = "/latest/meta-data/iam/security-credentials/";
    private const string TokenHeader = "X-aws-ec2-metadata-token";
    private const int MaxAnswerLength = 16 * 1024;
    private const int MaxTokenLength = 1024;
    private const int MaxNameLength = 128;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private readonly HttpMessageInvoker _http;
    private readonly Uri _endpoint;
    private readonly TimeProvider _time;

    /// <param name="endpoint">Where the service is.</param>
    /// <param name="parent">The way there.</param>
    /// <param name="time">Measures how long it takes.</param>
    public InstanceMetadataSource(Uri endpoint, ParentRoutes parent, TimeProvider time)
    {
        _endpoint = endpoint;
        _time = time;
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ActivityHeadersPropagator = null,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            // The handler leaves an IPv6 address its brackets.
            ConnectCallback = async (context, cancellationToken) => new NetworkStream(
                await parent.ConnectAsync(context.DnsEndPoint.Host.Trim('[', ']'), context.DnsEndPoint.Port, cancellationToken), ownsSocket: true),
            MaxResponseHeadersLength = 16,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(5),
            UseCookies = false,
            UseProxy = false,
        });
    }

    public string Name => "instance metadata";

    /// <inheritdoc/>
    public async Task<TimedCredentials> FetchAsync(CancellationToken cancellationToken)
    {
        using var deadline = new Deadline(Timeout, _time, cancellationToken);
        try
        {
            using SensitiveBufferWriter tokenAnswer = await AskAsync(HttpMethod.Put, "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds", "60", deadline.Token);
            string token = Encoding.ASCII.GetString(tokenAnswer.Written.Span).Trim();
            // It becomes a header, and the handler takes whatever it is given.
            if (token.Length is 0 or > MaxTokenLength || !token.All(c => c is > ' ' and <= '~'))
            {
                throw new CredentialException("instance metadata gives no token");
            }

            using SensitiveBufferWriter roles = await AskAsync(HttpMethod.Get, RolePath, TokenHeader, token, deadline.Token);
            string role = Encoding.ASCII.GetString(roles.Written.Span).Split('\n')[0].Trim();
            if (role.Length is 0 or > MaxNameLength || !role.All(c => char.IsAsciiLetterOrDigit(c) || "+=,.@_-".Contains(c, StringComparison.Ordinal)))
            {
                throw new CredentialException("instance metadata names no role");
            }

            using SensitiveBufferWriter answer = await AskAsync(HttpMethod.Get, RolePath + role, TokenHeader, token, deadline.Token);
            return CredentialDocument.Read(answer.Written);
        }
        catch (FormatException e)
        {
            throw new CredentialException($"instance metadata gives no credentials: {e.Message}");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // Of an answer of the parent's proxy, what it said is in the cause.
            throw new CredentialException($"instance metadata cannot be reached: {(e.InnerException ?? e).Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CredentialException($"instance metadata gave no answer within {Timeout.TotalSeconds} s", e);
        }
    }

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<SensitiveBufferWriter> AskAsync(HttpMethod method, string path, string header, string value, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(_endpoint, path));
        request.Headers.TryAddWithoutValidation(header, value);
        using HttpResponseMessage response = await _http.SendAsync(request, cancellationToken);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw new CredentialException(Explain(response.StatusCode, path));
        }

        var answer = new SensitiveBufferWriter(1024);
        try
        {
            await using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken);
            while (await body.ReadAsync(answer.GetMemory(1024), cancellationToken) is not 0 and int read)
            {
                answer.Advance(read);
                if (answer.Written.Length > MaxAnswerLength)
                {
                    throw new CredentialException($"instance metadata answers {path} with more than {MaxAnswerLength} bytes");
                }
            }

            return answer;
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }

    private static string Explain(HttpStatusCode status, string path) => status switch
    {
        HttpStatusCode.NotFound when path == RolePath => "the instance has no role (instance metadata answers 404); attach an instance profile",
        HttpStatusCode.Forbidden => "instance metadata is switched off, or forbidden by the parent's proxy (403)",
        _ => $"instance metadata answers {path} with status {(int)status}",
    };
}
