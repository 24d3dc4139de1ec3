using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;
using KmsTool.Protocol.Recipient;
using KmsTool.Signing;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Kms;

/// <summary>
/// The one way to KMS: adds the recipient to a request, signs it, sends it, and opens what KMS encrypted to the recipient.
/// </summary>
/// <param name="channel">Where requests go.</param>
/// <param name="recipients">The key that KMS encrypts its answers to.</param>
/// <param name="pins">What every request and answer must agree with.</param>
/// <param name="time">This machine's clock, which need not be right.</param>
/// <param name="logger">Learns of a clock that is wrong.</param>
internal sealed class AttestedKmsClient(
    KmsChannel channel, RecipientSource recipients, KmsPins pins, TimeProvider time, ILogger logger)
{
    /// <summary>The media type of KMS's JSON protocol.</summary>
    public const string ContentType = "application/x-amz-json-1.1";

    private const int MaxAttempts = 3;
    private const int MaxErrorTextLength = 1024;
    private const string TargetHeader = "X-Amz-Target";

    private static readonly TimeSpan FirstBackoff = TimeSpan.FromMilliseconds(100);

    // AWS accepts five minutes either way; closer than this, the clock is not what KMS minds.
    private static readonly TimeSpan SkewThreshold = TimeSpan.FromMinutes(4);

    private static readonly MediaTypeHeaderValue JsonType = new(ContentType);

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    private long _clockOffsetTicks;
    private int _calls;

    /// <summary>Whether no call is in progress.</summary>
    public bool IsIdle => Volatile.Read(ref _calls) == 0;

    /// <summary>Proves that KMS can be reached at <paramref name="endpoint"/>.</summary>
    /// <exception cref="KmsException">No route, or not KMS.</exception>
    public Task ProveRouteAsync(KmsEndpoint endpoint, CancellationToken cancellationToken) =>
        channel.ProveRouteAsync(endpoint, cancellationToken);

    /// <summary>Creates a signed request of KMS's JSON protocol.</summary>
    public static HttpRequestMessage CreateRequest(
        string target, ReadOnlyMemory<byte> body, KmsEndpoint endpoint, KmsCredentials credentials, DateTimeOffset at)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, endpoint.Uri) { Content = new ReadOnlyMemoryContent(body) };
        request.Content.Headers.ContentType = JsonType;
        request.Headers.TryAddWithoutValidation(TargetHeader, target);
        KeyValuePair<string, string>[] headers = [new("Content-Type", ContentType), new("Host", endpoint.Authority), new(TargetHeader, target)];
        foreach ((string name, string value) in SigV4Signer.Sign(new SigV4Request("POST", "/", headers, body), credentials, endpoint.Region, "kms", at))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    /// <summary>Has KMS carry out <paramref name="request"/>, for this enclave as recipient where the operation takes one.</summary>
    /// <param name="request">What is asked; the pins may add the key.</param>
    /// <param name="endpoint">Where KMS is.</param>
    /// <param name="credentials">Whose request it is.</param>
    /// <param name="cancellationToken">Bounds the whole, retries included.</param>
    /// <returns>The answer, which the caller owns.</returns>
    /// <exception cref="KmsException">A pin forbids it, KMS was not reached, or its answer cannot be accepted.</exception>
    public async Task<KmsAnswer> SendAsync(
        KmsRequest request, KmsEndpoint endpoint, KmsCredentials credentials, CancellationToken cancellationToken)
    {
        request = pins.Apply(request, endpoint.Region);
        Interlocked.Increment(ref _calls);
        try
        {
            if (request.Operation.PlaintextMember is null)
            {
                return await SendAsync(request, null, endpoint, credentials, cancellationToken);
            }

            using RecipientLease recipient = await recipients.RentAsync(cancellationToken);
            return await SendAsync(request, recipient, endpoint, credentials, cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _calls);
        }
    }

    private async Task<KmsAnswer> SendAsync(
        KmsRequest request, RecipientLease? recipient, KmsEndpoint endpoint, KmsCredentials credentials, CancellationToken cancellationToken)
    {
        using SensitiveBufferWriter body = request.ToJson(recipient is null ? [] : recipient.Value.Span);
        bool clockCorrected = false;
        for (int attempt = 1; ; attempt++)
        {
            DateTimeOffset signedAt = Now();
            KmsHttpResponse response = await SendOnceAsync(request.Operation, body.Written, endpoint, credentials, signedAt, cancellationToken);
            if (response.Status == 200)
            {
                return recipient is null ? new KmsAnswer.Passed(response.Body, response.RequestId) : Open(request, response, recipient);
            }

            KmsAnswer.Refused refused = ReadRefusal(response);
            pins.CheckRefusal(refused.Code);
            if (refused.MayBeClockSkew && !clockCorrected && TryCorrectClock(response.Date, signedAt))
            {
                clockCorrected = true;
            }
            else if (!refused.IsTransient || attempt >= MaxAttempts)
            {
                return refused;
            }
            else
            {
                await Task.Delay(FirstBackoff * Math.Pow(2, attempt - 1) * Random.Shared.NextDouble(), time, cancellationToken);
            }
        }
    }

    private async Task<KmsHttpResponse> SendOnceAsync(
        KmsOperation operation, ReadOnlyMemory<byte> body, KmsEndpoint endpoint, KmsCredentials credentials, DateTimeOffset at, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = CreateRequest(operation.Target, body, endpoint, credentials, at);
        return await channel.SendAsync(request, cancellationToken);
    }

    private DateTimeOffset Now() => time.GetUtcNow() + TimeSpan.FromTicks(Volatile.Read(ref _clockOffsetTicks));

    private bool TryCorrectClock(DateTimeOffset? kmsTime, DateTimeOffset signedAt)
    {
        // The Date is KMS's own: TLS ends here. Another request may have corrected the clock since this one was signed.
        if (kmsTime is not { } truth || (truth - signedAt).Duration() < SkewThreshold)
        {
            return false;
        }

        TimeSpan offset = truth - time.GetUtcNow();
        Volatile.Write(ref _clockOffsetTicks, offset.Ticks);
        Log.ClockCorrected(logger, offset);
        return true;
    }

    private KmsAnswer.Opened Open(KmsRequest request, KmsHttpResponse response, RecipientLease recipient)
    {
        JsonDocument document = ParseAnswer(response.Body);
        KmsAnswer.Opened? opened = null;
        try
        {
            byte[] envelope = FindEnvelope(request.Operation.PlaintextMember!, document.RootElement);
            // Before anything is opened: what another key gave is not looked at.
            pins.CheckAnswer(request, document.RootElement);
            opened = new KmsAnswer.Opened(document, recipient.Open(envelope), response.RequestId);
            return opened;
        }
        catch (RecipientEnvelopeException e)
        {
            throw Unacceptable(e.Message);
        }
        catch (InvalidOperationException)
        {
            // A string with an invalid escape.
            throw Unacceptable("KMS's answer is not JSON");
        }
        finally
        {
            if (opened is null)
            {
                document.Dispose();
                // What was refused may hold a plaintext.
                CryptographicOperations.ZeroMemory(response.Body);
            }
        }
    }

    private static JsonDocument ParseAnswer(byte[] body)
    {
        try
        {
            var document = JsonDocument.Parse(body.AsMemory(), Strict);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document;
            }

            document.Dispose();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Said below; the exception's own text quotes the answer.
        }

        throw Unacceptable("KMS's answer is not JSON");
    }

    private static byte[] FindEnvelope(string plaintextMember, JsonElement answer)
    {
        if (!answer.TryGetProperty("CiphertextForRecipient", out JsonElement member) || member.ValueKind != JsonValueKind.String)
        {
            throw Unacceptable("KMS's answer lacks CiphertextForRecipient");
        }

        if (answer.TryGetProperty(plaintextMember, out JsonElement plaintext) && !IsNullOrEmpty(plaintext))
        {
            throw Unacceptable($"KMS's response has a {plaintextMember} in addition to CiphertextForRecipient");
        }

        return member.TryGetBytesFromBase64(out byte[]? envelope) && envelope.Length <= RecipientKeyPair.MaxEnvelopeLength
            ? envelope
            : throw Unacceptable("KMS's CiphertextForRecipient is malformed");
    }

    // "The Plaintext field in the response is null or empty": AWS KMS API Reference, each operation's Recipient parameter.
    private static bool IsNullOrEmpty(JsonElement plaintext) =>
        plaintext.ValueKind == JsonValueKind.Null || (plaintext.ValueKind == JsonValueKind.String && plaintext.ValueEquals(""));

    private static KmsException Unacceptable(string message) => new(ErrorCodes.InvalidKmsAnswer, message);

    private static KmsAnswer.Refused ReadRefusal(KmsHttpResponse response)
    {
        try
        {
            using var document = JsonDocument.Parse(response.Body, Strict);
            JsonElement root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object && root.Text("__type") is { } type)
            {
                string code = type[(type.LastIndexOf('#') + 1)..];
                string message = WithoutQuotes(root.Text("message") ?? root.Text("Message") ?? "");
                if (code.Length is > 0 and <= 64 && code.All(char.IsAsciiLetterOrDigit))
                {
                    return new KmsAnswer.Refused(response.Status, code, message[..Math.Min(message.Length, MaxErrorTextLength)], response.RequestId);
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // A load balancer's page, perhaps; the status says what can be said.
        }

        return new KmsAnswer.Refused(response.Status, ErrorCodes.InvalidKmsAnswer, $"KMS answered with HTTP status {response.Status} and no error of its own", response.RequestId);
    }

    // About a wrong signature AWS says what it should have signed: the headers, session token included.
    private static string WithoutQuotes(string message)
    {
        int end = message.AsSpan().IndexOfAny('\r', '\n');
        int quote = message.IndexOf("The Canonical String", StringComparison.OrdinalIgnoreCase);
        int length = Math.Min(end < 0 ? message.Length : end, quote < 0 ? message.Length : quote);
        return message[..length].TrimEnd();
    }
}
