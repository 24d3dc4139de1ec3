using System.Buffers;
using System.Text;
using System.Text.Json;
using KmsTool.Signing;
using KmsTool.Simulator.Faults;
using KmsTool.Simulator.Iam;
using Microsoft.AspNetCore.Http;

namespace KmsTool.Simulator.Kms;

/// <summary>The JSON 1.1 protocol of KMS: authenticates, finds the operation, writes the response or the error.</summary>
internal sealed class KmsService(
    SignatureVerifier signatures, IEnumerable<IKmsOperation> operations, FaultSwitches faults, TimeProvider timeProvider)
{
    public const string TargetHeader = "X-Amz-Target";

    public const string TargetPrefix = "TrentService.";
    public const string ContentType = "application/x-amz-json-1.1";

    // Room for any response that holds a plaintext, the longest being a private RSA key of 4096 bits with its two
    // ciphertexts: a buffer that grew would leave copies behind.
    private const int InitialResponseCapacity = 16 * 1024;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    private readonly Dictionary<string, IKmsOperation> _operations = operations.ToDictionary(o => o.Name, StringComparer.Ordinal);

    public async Task HandleAsync(HttpContext context, SigV4Request request)
    {
        var content = new ArrayBufferWriter<byte>(InitialResponseCapacity);
        bool isForRecipient = false;
        try
        {
            AwsCredential credential = Authenticate(request);
            IKmsOperation operation = FindOperation(request);
            using JsonDocument json = Parse(request.Body);
            var parameters = new KmsParameters(json.RootElement, "The request");
            isForRecipient = parameters.Contains("Recipient");
            if (isForRecipient)
            {
                ThrowOnOrder();
            }

            string? userAgent = context.Request.Headers.UserAgent is [{ Length: > 0 } agent] ? agent : null;
            Execute(operation, new KmsCall(credential, context.Connection.RemoteIpAddress, userAgent, parameters), content);
        }
        catch (KmsException e)
        {
            context.Response.StatusCode = e.Status;
            content.Clear();
            WriteError(e, content);
            isForRecipient = false;
        }

        try
        {
            await RespondAsync(context, content, isForRecipient);
        }
        finally
        {
            // It may hold a plaintext.
            content.Clear();
        }
    }

    private AwsCredential Authenticate(SigV4Request request)
    {
        try
        {
            return signatures.Verify(request, "kms");
        }
        catch (SignatureException e)
        {
            string code = e.Failure switch
            {
                SignatureFailure.Missing => "MissingAuthenticationTokenException",
                SignatureFailure.Incomplete => "IncompleteSignatureException",
                SignatureFailure.UnknownToken => "UnrecognizedClientException",
                SignatureFailure.ExpiredToken => "ExpiredTokenException",
                _ => "InvalidSignatureException",
            };
            throw new KmsException(code, e.Message);
        }
    }

    private IKmsOperation FindOperation(SigV4Request request)
    {
        if (HttpMethods.IsPost(request.Method)
            && request.Target == "/"
            && request.ValuesOf(TargetHeader).ToArray() is [var target]
            && target.StartsWith(TargetPrefix, StringComparison.Ordinal)
            && _operations.TryGetValue(target[TargetPrefix.Length..], out IKmsOperation? operation))
        {
            return operation;
        }

        throw new KmsException("UnknownOperationException", "The simulator does not know this operation.");
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            return JsonDocument.Parse(body, Strict);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Names with a lone surrogate cannot be compared and cause an InvalidOperationException.
            throw KmsException.Serialization("The request is not valid JSON");
        }
    }

    private static void Execute(IKmsOperation operation, KmsCall call, ArrayBufferWriter<byte> content)
    {
        using var writer = new Utf8JsonWriter(content);
        writer.WriteStartObject();
        operation.Execute(call, writer);
        writer.WriteEndObject();
    }

    private static void WriteError(KmsException e, ArrayBufferWriter<byte> content)
    {
        using var writer = new Utf8JsonWriter(content);
        writer.WriteStartObject();
        writer.WriteString("__type", e.Code);
        if (e.Text is not null)
        {
            writer.WriteString("message", e.Text);
        }

        writer.WriteEndObject();
    }

    private async Task RespondAsync(HttpContext context, ArrayBufferWriter<byte> content, bool isForRecipient)
    {
        HttpResponse response = context.Response;
        ReadOnlyMemory<byte> body = content.WrittenMemory;
        if (isForRecipient)
        {
            if (faults[SimulatorFault.KmsSlow])
            {
                await Task.Delay(faults.SlowDelay, timeProvider, context.RequestAborted);
            }

            if (faults[SimulatorFault.KmsEmptyAnswer])
            {
                body = default;
            }

            if (faults[SimulatorFault.KmsNotJson])
            {
                body = Encoding.ASCII.GetBytes("<html><body>Service Unavailable</body></html>");
            }
        }

        response.ContentType = ContentType;
        response.ContentLength = body.Length;
        if (isForRecipient && faults[SimulatorFault.KmsCloseMidAnswer])
        {
            await response.Body.WriteAsync(body[..(body.Length / 2)], context.RequestAborted);
            await response.Body.FlushAsync(context.RequestAborted);
            context.Abort();
            return;
        }

        await response.Body.WriteAsync(body, context.RequestAborted);
    }

    private void ThrowOnOrder()
    {
        if (faults.Take(SimulatorFault.KmsThrottleOnce))
        {
            throw new KmsException("ThrottlingException", "Rate exceeded");
        }

        if (faults.Take(SimulatorFault.KmsExpiredTokenOnce))
        {
            throw new KmsException("ExpiredTokenException", "The security token included in the request is expired");
        }

        if (faults[SimulatorFault.Kms500])
        {
            throw new KmsException("KMSInternalException", "An internal error occurred, on order.", 500);
        }
    }
}
