using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using KmsTool.CommandLine;
using KmsTool.Simulator.Client;

namespace KmsTool.Simulator.Commands;

/// <summary><c>kmstool-simulator kms</c>: one call to KMS from a shell that has no AWS CLI.</summary>
internal sealed class KmsCommandLine
{
    private readonly Argument<string> _operation = new("OPERATION")
    {
        Description = "CreateKey, DescribeKey, Encrypt, …: a name from the AWS KMS API reference.",
    };

    private readonly Argument<string[]> _members = new("NAME=VALUE")
    {
        Arity = ArgumentArity.ZeroOrMore,
        Description = "A member of the request: NAME=TEXT, NAME=@FILE (the file's text) or NAME:=JSON.",
    };

    private readonly Option<string?> _query = new("--query")
    {
        HelpName = "PATH",
        Description = "Prints this member of the answer only, such as KeyMetadata.Arn.",
    };

    public static Command Create()
    {
        var kms = new KmsCommandLine();
        var command = new Command(
            "kms",
            """
            Calls KMS and prints its answer, for shells without the AWS CLI. Takes what a simulator's env.sh exports; without AWS_ACCESS_KEY_ID, the credentials of the instance's role from the metadata service.

            Examples:
              kmstool-simulator kms CreateKey Policy=@policy.json \
                --query KeyMetadata.Arn
              kmstool-simulator kms Encrypt KeyId=$KEY Plaintext=SGVsbG8= \
                EncryptionContext:='{"Purpose":"demo"}' --query CiphertextBlob
            """);
        command.Arguments.Add(kms._operation);
        command.Arguments.Add(kms._members);
        command.Options.Add(kms._query);
        command.SetAction(async (arguments, cancellationToken) =>
        {
            await kms.ExecuteAsync(arguments, cancellationToken);
            return (int)ExitCode.Success;
        });
        return command;
    }

    private async Task ExecuteAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        string operation = arguments.GetRequiredValue(_operation);
        if (!operation.All(char.IsAsciiLetter))
        {
            throw new CommandFailedException(ExitCode.WrongUsage, $"'{operation}' is not the name of an operation");
        }

        byte[] body = ReadBody(arguments.GetValue(_members) ?? []);
        using KmsApiClient client = await OpenAsync(cancellationToken);
        KmsApiResponse response = await CallAsync(client, operation, body, cancellationToken);
        try
        {
            if (!response.IsSuccess)
            {
                throw new CommandFailedException(ExitCode.OperationFailed, $"{operation} failed: {response.DescribeError()}");
            }

            string? path = arguments.GetValue(_query);
            string text = response.Select(path)
                ?? throw new CommandFailedException(ExitCode.OperationFailed, $"{operation} answered without {path}");
            await arguments.InvocationConfiguration.Output.WriteLineAsync(text);
        }
        catch (JsonException e)
        {
            throw new CommandFailedException(ExitCode.ProtocolBroken, $"{operation}: KMS sent a response that is not JSON", e);
        }
    }

    private static byte[] ReadBody(string[] members)
    {
        try
        {
            return RequestMembers.Build(members);
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.WrongUsage, e.Message.TrimEnd('.'));
        }
    }

    private static async Task<KmsApiClient> OpenAsync(CancellationToken cancellationToken)
    {
        Uri endpoint = ReadAddress("AWS_ENDPOINT_URL_KMS");
        string region = ReadRequired("AWS_REGION");
        X509Certificate2Collection trust = [];
        string bundle = ReadRequired("AWS_CA_BUNDLE");
        try
        {
            trust.ImportFromPemFile(bundle);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CommandFailedException(ExitCode.WrongUsage, $"AWS_CA_BUNDLE {bundle}: {e.Message.TrimEnd('.')}");
        }

        return new KmsApiClient(endpoint, trust, await FindCredentialsAsync(cancellationToken), region, TimeProvider.System);
    }

    private static async Task<ClientCredentials> FindCredentialsAsync(CancellationToken cancellationToken)
    {
        if (Environment.GetEnvironmentVariable("AWS_ACCESS_KEY_ID") is { Length: > 0 } accessKeyId)
        {
            return new ClientCredentials(accessKeyId, ReadRequired("AWS_SECRET_ACCESS_KEY"), Environment.GetEnvironmentVariable("AWS_SESSION_TOKEN"));
        }

        Uri metadata = ReadAddress("AWS_EC2_METADATA_SERVICE_ENDPOINT");
        try
        {
            return await InstanceMetadata.ReadCredentialsAsync(metadata, cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw new CommandFailedException(ExitCode.NoCredentials, $"no credentials from {metadata}: {e.Message}", e);
        }
    }

    private static async Task<KmsApiResponse> CallAsync(
        KmsApiClient client, string operation, byte[] body, CancellationToken cancellationToken)
    {
        try
        {
            return await client.CallAsync(operation, body, cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            string reason = e.InnerException?.Message ?? e.Message;
            throw new CommandFailedException(ExitCode.CouldNotConnect, $"{operation}: KMS at {client.Endpoint} did not answer: {reason}", e);
        }
    }

    private static Uri ReadAddress(string variable) => Uri.TryCreate(ReadRequired(variable), UriKind.Absolute, out Uri? address)
        ? address
        : throw new CommandFailedException(ExitCode.WrongUsage, $"{variable} is not an address");

    private static string ReadRequired(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value
        ? value
        : throw new CommandFailedException(ExitCode.WrongUsage, $"{variable} is not set; read the exports of a running simulator with: . DIR/env.sh");
}
