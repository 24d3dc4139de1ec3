using Microsoft.AspNetCore.Http;

namespace KmsTool.Tests.Instance;

/// <summary>An instance metadata service that answers IMDSv2 as EC2 does, with one role or none.</summary>
internal static class FakeInstanceMetadata
{
    public const string AccessKeyId = "ASIAFROMINSTANCEROLE";
    public const string SecretAccessKey = "secret/from+instance/role";
    public const string SessionToken = "token/from+instance/role==";

    public const string GoodCredentials = $$"""
        {
          "Code" : "Success",
          "LastUpdated" : "2020-01-01T00:00:00Z",
          "Type" : "AWS-HMAC",
          "AccessKeyId" : "{{AccessKeyId}}",
          "SecretAccessKey" : "{{SecretAccessKey}}",
          "Token" : "{{SessionToken}}",
          "Expiration" : "2100-01-01T00:00:00Z"
        }
        """;

    private const string Token = "imds-token";
    private const string RolesPath = "/latest/meta-data/iam/security-credentials";

    /// <param name="credentials">What the role's document says; <see langword="null"/> for an instance without a role.</param>
    /// <param name="region">The instance's region; <see langword="null"/> where it does not tell.</param>
    public static Task<LoopbackHttp> StartAsync(string? credentials = GoodCredentials, string? region = null) =>
        LoopbackHttp.StartAsync(context => AnswerAsync(context, credentials, region));

    private static Task AnswerAsync(HttpContext context, string? credentials, string? region)
    {
        string path = context.Request.Path.Value!.TrimEnd('/');
        if (context.Request.Method == "PUT" && path == "/latest/api/token" &&
            context.Request.Headers.ContainsKey("X-aws-ec2-metadata-token-ttl-seconds"))
        {
            return context.Response.WriteAsync(Token);
        }

        context.Response.StatusCode = context.Request.Headers["X-aws-ec2-metadata-token"] == Token ? 200 : 401;
        if (context.Response.StatusCode != 200)
        {
            return Task.CompletedTask;
        }

        if (region is not null && path == "/latest/dynamic/instance-identity/document")
        {
            return context.Response.WriteAsync($$"""{"region":"{{region}}"}""");
        }

        if (credentials is not null && path == RolesPath)
        {
            return context.Response.WriteAsync("enclave-role");
        }

        if (credentials is not null && path == RolesPath + "/enclave-role")
        {
            return context.Response.WriteAsync(credentials);
        }

        context.Response.StatusCode = 404;
        return Task.CompletedTask;
    }
}
