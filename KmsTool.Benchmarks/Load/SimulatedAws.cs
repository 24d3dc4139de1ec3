using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using KmsTool.CommandLine;
using KmsTool.Enclave.Kms;
using KmsTool.Protocol;

namespace KmsTool.Benchmarks.Load;

/// <summary>What a running simulator offers to those around the enclave: keys and ciphertexts from KMS, credentials from IMDSv2.</summary>
internal sealed class SimulatedAws : IDisposable
{
    private const string TokenHeader = "X-aws-ec2-metadata-token";
    private const string CredentialsPath = "latest/meta-data/iam/security-credentials/";

    private readonly HttpClient _http;
    private readonly Uri _kms;
    private readonly Uri _metadata;
    private readonly KmsCredentials _administrator;

    /// <param name="environmentFile">The simulator's env.sh.</param>
    public SimulatedAws(string environmentFile)
    {
        Dictionary<string, string> exports = ReadExports(environmentFile);
        _kms = new Uri(exports["AWS_ENDPOINT_URL_KMS"]);
        _metadata = new Uri(exports["AWS_EC2_METADATA_SERVICE_ENDPOINT"]);
        Region = exports["AWS_REGION"];
        CaBundle = exports["AWS_CA_BUNDLE"];
        NsmAddress = exports["KMSTOOL_NSM"];
        _administrator = new KmsCredentials(
            exports["AWS_ACCESS_KEY_ID"], SensitiveBytes.CopyOf(Encoding.UTF8.GetBytes(exports["AWS_SECRET_ACCESS_KEY"])), sessionToken: null);
        _http = new HttpClient(CreateHandler(CaBundle));
    }

    /// <summary>PEM file of the authority behind KMS's certificate.</summary>
    public string CaBundle { get; }

    public string NsmAddress { get; }

    public string Region { get; }

    public int KmsPort => _kms.Port;

    /// <summary>The variables that a file for <c>.</c> in a shell exports.</summary>
    public static Dictionary<string, string> ReadExports(string environmentFile) => File.ReadLines(environmentFile)
        .Where(static line => line.StartsWith("export ", StringComparison.Ordinal))
        .Select(static line => line["export ".Length..].Split('=', 2))
        .ToDictionary(static pair => pair[0], static pair => pair[1].Trim('\''));

    /// <summary>Makes a key that the role may decrypt with from the given enclave image alone.</summary>
    /// <returns>Its identifier.</returns>
    public async Task<string> CreateKeyAsync(string roleArn, string pcr0, CancellationToken cancellationToken)
    {
        string account = roleArn.Split(':')[4];
        string policy = $$"""
            {
              "Version": "2012-10-17",
              "Statement": [
                {
                  "Effect": "Allow",
                  "Principal": {"AWS": "arn:aws:iam::{{account}}:root"},
                  "Action": ["kms:DescribeKey", "kms:PutKeyPolicy", "kms:Encrypt"],
                  "Resource": "*"
                },
                {
                  "Effect": "Allow",
                  "Principal": {"AWS": "{{roleArn}}"},
                  "Action": "kms:Decrypt",
                  "Resource": "*",
                  "Condition": {
                    "StringEqualsIgnoreCase": {"kms:RecipientAttestation:ImageSha384": "{{pcr0}}"}
                  }
                }
              ]
            }
            """;
        JsonNode answer = await AskKmsAsync("CreateKey", new JsonObject { ["Policy"] = policy }, cancellationToken);
        return (string)answer["KeyMetadata"]!["KeyId"]!;
    }

    /// <returns>The ciphertext in base64.</returns>
    public async Task<string> EncryptAsync(string keyId, string plaintextBase64, CancellationToken cancellationToken)
    {
        JsonNode answer = await AskKmsAsync(
            "Encrypt", new JsonObject { ["KeyId"] = keyId, ["Plaintext"] = plaintextBase64 }, cancellationToken);
        return (string)answer["CiphertextBlob"]!;
    }

    /// <summary>Asks the instance metadata service for the role's ARN and credentials.</summary>
    public async Task<(string RoleArn, SessionCredentials Credentials)> GetRoleAsync(CancellationToken cancellationToken)
    {
        using var tokenRequest = new HttpRequestMessage(HttpMethod.Put, new Uri(_metadata, "latest/api/token"));
        tokenRequest.Headers.Add("X-aws-ec2-metadata-token-ttl-seconds", "60");
        string token = await SendAsync(tokenRequest, cancellationToken);
        string name = await GetMetadataAsync(CredentialsPath, token, cancellationToken);
        JsonNode credentials = JsonNode.Parse(await GetMetadataAsync(CredentialsPath + name, token, cancellationToken))!;
        JsonNode identity = JsonNode.Parse(await GetMetadataAsync("latest/dynamic/instance-identity/document", token, cancellationToken))!;
        return ($"arn:aws:iam::{identity["accountId"]}:role/{name}", new SessionCredentials(
            (string)credentials["AccessKeyId"]!, (string)credentials["SecretAccessKey"]!, (string)credentials["Token"]!));
    }

    public void Dispose()
    {
        _http.Dispose();
        _administrator.Dispose();
    }

    private static SocketsHttpHandler CreateHandler(string caBundle)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(caBundle);
        return new SocketsHttpHandler { UseProxy = false, SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy } };
    }

    private async Task<JsonNode> AskKmsAsync(string operation, JsonObject parameters, CancellationToken cancellationToken)
    {
        byte[] body = Encoding.UTF8.GetBytes(parameters.ToJsonString());
        var endpoint = new KmsEndpoint(_kms.Host, _kms.Port, Region);
        using HttpRequestMessage request = AttestedKmsClient.CreateRequest(
            "TrentService." + operation, body, endpoint, _administrator, TimeProvider.System.GetUtcNow());
        return JsonNode.Parse(await SendAsync(request, cancellationToken))!;
    }

    private Task<string> GetMetadataAsync(string path, string token, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_metadata, path));
        request.Headers.Add(TokenHeader, token);
        return SendAsync(request, cancellationToken);
    }

    private async Task<string> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await _http.SendAsync(request, cancellationToken);
        string body = await response.Content.ReadAsStringAsync(cancellationToken);
        return response.IsSuccessStatusCode
            ? body
            : throw new CommandFailedException(ExitCode.OperationFailed, $"The simulator answered {request.Method} {request.RequestUri} with {(int)response.StatusCode}: {body}");
    }
}
