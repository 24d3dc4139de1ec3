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

namespace KmsTool.Simulator.Http;

/// <summary>
/// The HTTPS port: KMS and STS behind one address, told apart as their protocols are (KMS names its operation in
/// X-Amz-Target, STS in the body).
/// </summary>
internal sealed class AwsEndpoint(KmsEndpoint kms, StsEndpoint sts, TimeProvider timeProvider, ILogger logger)
{
    public async Task HandleAsync(HttpContext context)
    {
        // Clients correct their clock by this header: it must tell the simulator's time, not the machine's.
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
            bool isKms = request.Headers.TryGetValue(KmsEndpoint.TargetHeader, out StringValues operation);
            await (isKms ? kms.HandleAsync(context, signed) : sts.HandleAsync(context, signed));
            if (logger.IsEnabled(LogLevel.Debug))
            {
                string what = isKms ? TerminalText.Neutralize(operation.ToString()) : request.Method;
                Log.RequestAnswered(logger, isKms ? "KMS" : "STS", what, context.Response.StatusCode);
            }
        }
        catch (BadHttpRequestException e)
        {
            context.Response.StatusCode = e.StatusCode;
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone.
        }
    }
}
