using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using KmsTool.Simulator.Iam;
using Microsoft.AspNetCore.Http;

namespace KmsTool.Simulator.Imds;

/// <summary>The instance metadata service, version 2 only (EC2 user guide, "Use the Instance Metadata Service").</summary>
internal sealed class ImdsService(AwsAccount account, InstanceRole? role, TimeProvider timeProvider)
{
    private const string TokenPath = "/latest/api/token";
    private const string TokenHeader = "X-aws-ec2-metadata-token";
    private const string TokenLifetimeHeader = "X-aws-ec2-metadata-token-ttl-seconds";
    private const string CredentialsPath = "/latest/meta-data/iam/security-credentials/";
    private const int MaxTokenLifetimeSeconds = 21_600;

    private readonly ImdsTokens _tokens = new(timeProvider);
    private readonly DateTimeOffset _launchedAt = timeProvider.GetUtcNow();

    public Task HandleAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        context.Response.Headers.Date = timeProvider.GetUtcNow().ToString("r", CultureInfo.InvariantCulture);
        // Some clients append "/latest/…" to an endpoint that ends with a slash.
        string path = "/" + request.Path.Value?.TrimStart('/');
        if (path == TokenPath)
        {
            return IssueTokenAsync(context);
        }

        if (!HttpMethods.IsGet(request.Method))
        {
            return FailAsync(context, StatusCodes.Status405MethodNotAllowed);
        }

        if (request.Headers[TokenHeader] is not [{ } token] || !_tokens.IsValid(token))
        {
            return FailAsync(context, StatusCodes.Status401Unauthorized);
        }

        return Find(path) is { } content
            ? WriteAsync(context, content)
            : FailAsync(context, StatusCodes.Status404NotFound);
    }

    private Task IssueTokenAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        if (!HttpMethods.IsPut(request.Method))
        {
            return FailAsync(context, StatusCodes.Status405MethodNotAllowed);
        }
        // Requests that a proxy forwards are refused: the service is for the instance itself.
        if (request.Headers.ContainsKey("X-Forwarded-For"))
        {
            return FailAsync(context, StatusCodes.Status403Forbidden);
        }

        if (request.Headers[TokenLifetimeHeader] is not [{ } text]
            || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds)
            || seconds is < 1 or > MaxTokenLifetimeSeconds)
        {
            return FailAsync(context, StatusCodes.Status400BadRequest);
        }

        context.Response.Headers[TokenLifetimeHeader] = text;
        return WriteAsync(context, _tokens.Issue(TimeSpan.FromSeconds(seconds)));
    }

    private string? Find(string path) => path switch
    {
        "/latest/meta-data/instance-id" => SimulatedInstance.Id,
        "/latest/meta-data/instance-type" => SimulatedInstance.Type,
        "/latest/meta-data/ami-id" => SimulatedInstance.ImageId,
        "/latest/meta-data/placement/region" => account.Region,
        "/latest/meta-data/placement/availability-zone" => SimulatedInstance.GetAvailabilityZone(account),
        "/latest/dynamic/instance-identity/document" => ImdsDocuments.FormatIdentity(account, _launchedAt),
        "/latest/meta-data/iam/info" when role is not null => ImdsDocuments.FormatRoleInfo(account, role),
        CredentialsPath or "/latest/meta-data/iam/security-credentials" when role is not null => role.Name,
        _ when role is not null && path == CredentialsPath + role.Name => ImdsDocuments.FormatCredentials(role.CurrentCredential()),
        _ => null,
    };

    private static Task WriteAsync(HttpContext context, string content)
    {
        context.Response.ContentType = content.StartsWith('{') ? "application/json" : "text/plain";
        return context.Response.WriteAsync(content, context.RequestAborted);
    }

    private static Task FailAsync(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    }
}

/// <summary>
/// Session tokens of IMDSv2. A token holds its expiry time and a MAC over it, so that the service stores none.
/// </summary>
internal sealed class ImdsTokens(TimeProvider timeProvider)
{
    private const int TimeLength = sizeof(long);
    private const int MacLength = 24;

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(HMACSHA256.HashSizeInBytes);

    public string Issue(TimeSpan lifetime)
    {
        byte[] token = new byte[TimeLength + MacLength];
        BinaryPrimitives.WriteInt64BigEndian(token, (timeProvider.GetUtcNow() + lifetime).UtcTicks);
        ComputeMac(token, token.AsSpan(TimeLength));
        return Base64Url.EncodeToString(token);
    }

    public bool IsValid(string text)
    {
        Span<byte> token = stackalloc byte[TimeLength + MacLength];
        if (Base64Url.DecodeFromChars(text, token, out _, out int length) != OperationStatus.Done || length != token.Length)
        {
            return false;
        }

        Span<byte> mac = stackalloc byte[MacLength];
        ComputeMac(token, mac);
        return CryptographicOperations.FixedTimeEquals(mac, token[TimeLength..])
            && BinaryPrimitives.ReadInt64BigEndian(token) > timeProvider.GetUtcNow().UtcTicks;
    }

    private void ComputeMac(ReadOnlySpan<byte> token, Span<byte> destination)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, token[..TimeLength], hash);
        hash[..MacLength].CopyTo(destination);
    }
}
