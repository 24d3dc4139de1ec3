using System.Globalization;
using KmsTool.Networking.Http;
using KmsTool.Protocol;
using KmsTool.Signing;
using KmsTool.Simulator.Kms;
using KmsTool.Simulator.Sts;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace KmsTool.Simulator.Hosting;

/// <summary>
/// The HTTPS port: KMS and STS behind one address, told apart as their protocols are (KMS names its operation in
/// X-Amz-Target, STS in the body).
/// </summary>
internal sealed class AwsEndpoint(KmsService kms, StsService sts, TimeProvider timeProvider, ILogger logger)
{
    public async Task HandleAsync(HttpContext context)
    {
        // Clients correct their clock by this header: it must be the simulator's time, not the machine's.
        context.Response.Headers.Date = timeProvider.GetUtcNow().ToString("r", CultureInfo.InvariantCulture);
        context.Response.Headers["x-amzn-RequestId"] = Guid.NewGuid().ToString();

        HttpRequest request = context.Request;
        if (HttpMethods.IsGet(request.Method) && request.Path == "/ping")
        {
            await context.Response.WriteAsync("healthy", context.RequestAborted);
            return;
        }

        try
        {
            using SensitiveBufferWriter body = await RequestBody.ReadAsync(request, context.RequestAborted);
            string target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
            var signed = SigV4Request.Create(request.Method, target, request.Headers, body.Written);
            bool isKms = request.Headers.TryGetValue(KmsService.TargetHeader, out StringValues operation);
            await (isKms ? kms.HandleAsync(context, signed) : sts.HandleAsync(context, signed));
            RequestLog.Write(logger, isKms ? "KMS" : "STS", isKms ? operation.ToString() : request.Method, context.Response.StatusCode);
        }
        catch (BadHttpRequestException e)
        {
            context.Response.StatusCode = e.StatusCode;
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has closed the connection.
        }
    }
}

/// <summary>Logs the requests that the simulator has responded to.</summary>
internal static partial class RequestLog
{
    /// <param name="logger">Takes the event.</param>
    /// <param name="service">The service, such as <c>KMS</c>.</param>
    /// <param name="request">The request as the client wrote it; control characters are neutralized here.</param>
    /// <param name="status">The HTTP status of the response.</param>
    public static void Write(ILogger logger, string service, string request, int status)
    {
        if (logger.IsEnabled(LogLevel.Debug))
        {
            RequestAnswered(logger, service, TerminalText.Neutralize(request), status);
        }
    }

    [LoggerMessage(3, LogLevel.Debug, "{Service} answered {Request} with HTTP status {Status}")]
    private static partial void RequestAnswered(ILogger logger, string service, string request, int status);
}
