using System.Text.Json;
using KmsTool.Enclave.Credentials;
using KmsTool.Enclave.Kms;
using KmsTool.Networking.Http;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;
using KmsTool.Signing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.KmsProxy;

/// <summary>
/// Answers requests of KMS's JSON protocol as KMS does, through the attested channel: who signs with the local access key gets
/// KMS under this enclave's attestation and credentials.
/// </summary>
/// <param name="kms">The channel.</param>
/// <param name="credentials">What requests to KMS are signed with.</param>
/// <param name="key">What requests from here are signed with.</param>
/// <param name="options">The regions that may be named, and the longest time for a body to arrive and then for the response.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log; no body goes there.</param>
internal sealed class KmsProxyHandler(
    AttestedKmsClient kms, CredentialStore credentials, LocalAccessKey key, KmsProxySettings options, TimeProvider time, ILogger logger)
{
    private const string TargetHeader = "X-Amz-Target";
    private const string ExpiredToken = "ExpiredTokenException";

    // Of KMS's answers, the longest with a secret has a private RSA key of 4096 bits beside its ciphertext.
    private const int LikelyAnswerLength = 8 * 1024;

    private static readonly TimeSpan CredentialPatience = TimeSpan.FromSeconds(5);
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    /// <summary>Answers a request. Whatever happens is told to this caller alone.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        ProxyError error;
        string name = "a request";
        try
        {
            (KmsOperation operation, KmsEndpoint endpoint, SensitiveBufferWriter body) = await AuthenticateAsync(context);
            name = operation.Name;
            using (body)
            using (JsonDocument document = Parse(body.Written))
            using (KmsAnswer answer = await AskAsync(ForwardedRequest.Read(operation, document.RootElement), endpoint, context.RequestAborted))
            {
                if (answer is not KmsAnswer.Refused refused)
                {
                    await SendAsync(context, operation, answer);
                    Log.ProxyAnswered(logger, name, StatusResponse.Ok);
                    return;
                }

                error = ProxyError.Of(refused);
            }
        }
        catch (ProxyRefusalException e)
        {
            error = e.Error;
        }
        catch (SignatureException e)
        {
            error = ProxyError.Of(e);
        }
        catch (KmsException e)
        {
            error = ProxyError.Of(e);
        }
        catch (BadHttpRequestException e)
        {
            error = new ProxyError(e.StatusCode, "SerializationException", e.Message);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            Log.ProxyAnswered(logger, name, "the caller has gone");
            return;
        }
        catch (OperationCanceledException)
        {
            error = new ProxyError(503, ErrorCodes.KmsTimeout + "Exception", $"KMS gave no answer within {options.RequestTimeout.TotalSeconds} s");
        }
#pragma warning disable CA1031 // A fault of ours must cost one answer; its text might quote the request, so only its type is told.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log.ProxyFaulted(logger, name, e.GetType().Name);
            error = new ProxyError(500, ErrorCodes.InternalError + "Exception", $"A fault of the KMS proxy: {e.GetType().Name}");
        }

        Log.ProxyAnswered(logger, name, error.Type);
        await SendAsync(context, error);
    }

    /// <summary>Who it is, what is asked for, and where; nothing goes on to KMS before.</summary>
    private async Task<(KmsOperation Operation, KmsEndpoint Endpoint, SensitiveBufferWriter Body)> AuthenticateAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        string rawTarget = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        RequireForm(request, rawTarget);
        // What does not even claim to be an application's costs no buffer.
        SigV4Claim claim = key.ReadClaim(
            SigV4Request.Create(request.Method, rawTarget, request.Headers, ReadOnlyMemory<byte>.Empty), time.GetUtcNow());
        SensitiveBufferWriter body = await ReadBodyAsync(context);
        try
        {
            key.RequireSignature(claim, body.Written);
            KmsOperation operation = (request.Headers[TargetHeader] is [{ } target] ? KmsOperation.OfTarget(target) : null)
                ?? throw Refused(400, "UnknownOperationException", "X-Amz-Target has to be TrentService. and the name of a KMS operation");
            return (operation, options.Regions.Find(claim.Region), body);
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    private async Task<SensitiveBufferWriter> ReadBodyAsync(HttpContext context)
    {
        using var deadline = new Deadline(options.RequestTimeout, time, context.RequestAborted);
        try
        {
            return await RequestBody.ReadAsync(context.Request, deadline.Token);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            throw Refused(408, "SerializationException", $"The body did not arrive within {options.RequestTimeout.TotalSeconds} s");
        }
    }

    private static void RequireForm(HttpRequest request, string rawTarget)
    {
        if (request.Protocol != "HTTP/1.1")
        {
            throw Refused(505, "SerializationException", $"{request.Protocol} is not spoken here; HTTP/1.1 is");
        }

        if (rawTarget.Contains("X-Amz-Signature", StringComparison.OrdinalIgnoreCase))
        {
            throw Refused(403, "IncompleteSignatureException", "Signatures in the query are not taken; sign in the Authorization header");
        }

        if (!HttpMethods.IsPost(request.Method) || rawTarget != "/")
        {
            throw Refused(404, "UnknownOperationException", "KMS's protocol is POST / and nothing else");
        }

        // KMS's clients know how long their requests are; what others make of both lengths differs.
        if (request.Headers.TransferEncoding.Count > 0 || request.ContentLength is null)
        {
            throw Refused(411, "SerializationException", "The request needs a Content-Length, and no Transfer-Encoding");
        }

        if (request.Headers.ContentType is not [AttestedKmsClient.ContentType])
        {
            throw Refused(415, "SerializationException", $"The Content-Type has to be {AttestedKmsClient.ContentType}");
        }

        if (request.Headers["X-Amz-Content-Sha256"] is [{ } hash] && !(hash.Length == 64 && hash.All(char.IsAsciiHexDigit)))
        {
            throw Refused(403, "InvalidSignatureException", "The body has to be signed, and in one piece: X-Amz-Content-Sha256 is not a hash");
        }
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            var document = JsonDocument.Parse(body, Strict);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document;
            }

            document.Dispose();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Said below; the exception's own text quotes the request.
        }

        throw new ProxyRefusalException(ProxyError.Serialization("The request is not a JSON object, or one with a member twice, or deeper than 8"));
    }

    private async Task<KmsAnswer> AskAsync(KmsRequest request, KmsEndpoint endpoint, CancellationToken cancellationToken)
    {
        using var deadline = new Deadline(options.RequestTimeout, time, cancellationToken);
        RefCounted<KmsCredentials> rented = await credentials.RentAsync(CredentialPatience, deadline.Token)
            ?? throw Refused(503, "CredentialsUnavailableException", "The KMS proxy has no AWS credentials yet: with --credentials imds its log says why; with push the parent has sent none");
        try
        {
            KmsAnswer answer = await kms.SendAsync(request, endpoint, rented.Value, deadline.Token);
            // KMS may think that they have expired before their time, and newer ones be there already, or on their way.
            if (answer is not KmsAnswer.Refused { Code: ExpiredToken }
                || await credentials.RentAsync(rented, CredentialPatience, deadline.Token) is not { } newer)
            {
                return answer;
            }

            answer.Dispose();
            rented.Release();
            rented = newer;
            return await kms.SendAsync(request, endpoint, rented.Value, deadline.Token);
        }
        finally
        {
            rented.Release();
        }
    }

    private static async Task SendAsync(HttpContext context, KmsOperation operation, KmsAnswer answer)
    {
        using var body = new SensitiveBufferWriter(LikelyAnswerLength);
        ReadOnlyMemory<byte> bytes;
        if (answer is KmsAnswer.Opened opened)
        {
            using (var json = new Utf8JsonWriter(body))
            {
                opened.WriteTo(json, operation.PlaintextMember!);
            }

            bytes = body.Written;
        }
        else
        {
            bytes = ((KmsAnswer.Passed)answer).Body;
        }

        await SendAsync(context, 200, answer.RequestId, bytes);
    }

    private static async Task SendAsync(HttpContext context, ProxyError error)
    {
        using var body = new SensitiveBufferWriter(LikelyAnswerLength);
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("__type", error.Type);
            json.WriteString("message", error.Message);
            json.WriteEndObject();
        }

        // A body that has not been read is not read for the sake of the connection.
        if (error.Status is 411 or 413 or 408 or 505)
        {
            context.Response.Headers.Connection = "close";
        }

        await SendAsync(context, error.Status, error.RequestId, body.Written);
    }

    private static async Task SendAsync(HttpContext context, int status, string? requestId, ReadOnlyMemory<byte> body)
    {
        HttpResponse response = context.Response;
        response.StatusCode = status;
        response.ContentType = AttestedKmsClient.ContentType;
        response.ContentLength = body.Length;
        response.Headers["x-amzn-RequestId"] = requestId ?? Guid.NewGuid().ToString();
        response.Headers.CacheControl = "no-store";
        try
        {
            await response.Body.WriteAsync(body, context.RequestAborted);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The caller has gone.
        }
    }

    private static ProxyRefusalException Refused(int status, string type, string message) => new(new ProxyError(status, type, message));
}

/// <summary>What this part of the program logs. Parameters carry no secret and nothing that a peer wrote.</summary>
internal static partial class Log
{
    [LoggerMessage(31, LogLevel.Information, "{Operation} by the KMS proxy: {Outcome}")]
    public static partial void ProxyAnswered(ILogger logger, string operation, string outcome);

    [LoggerMessage(32, LogLevel.Error, "{Operation} by the KMS proxy met a fault of this program: {Fault}")]
    public static partial void ProxyFaulted(ILogger logger, string operation, string fault);
}
