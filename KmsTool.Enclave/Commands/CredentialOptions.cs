using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using KmsTool.CommandLine;
using KmsTool.Enclave.Credentials;
using KmsTool.Enclave.Kms;
using KmsTool.Enclave.KmsProxy;
using KmsTool.Protocol;
using Microsoft.Win32.SafeHandles;

namespace KmsTool.Enclave.Commands;

/// <summary>
/// The AWS credentials of a command inside the enclave: from a file descriptor, from arguments as the original takes them,
/// or from the environment.
/// </summary>
internal sealed class CredentialOptions
{
    private const int MaxLength = 64 * 1024;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly Option<string?> _accessKeyId = new("--aws-access-key-id", "-k");
    private readonly Option<string?> _secretAccessKey = new("--aws-secret-access-key", "-s");
    private readonly Option<string?> _sessionToken = new("--aws-session-token", "-t");
    private readonly Option<int?> _descriptor = new("--credentials-fd")
    {
        CustomParser = result =>
        {
            if (int.TryParse(result.Tokens[^1].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int descriptor))
            {
                return descriptor;
            }

            result.AddError("--credentials-fd takes the number of an open file descriptor, such as 3, or 0 for stdin.");
            return null;
        },
    };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_accessKeyId, _secretAccessKey, _sessionToken, _descriptor])
        {
            command.Add(option);
        }
    }

    /// <exception cref="CommandFailedException">There are none, they are incomplete, or come from two places.</exception>
    public async Task<KmsCredentials> ReadAsync(
        ParseResult parseResult, Func<string, string?> environment, CancellationToken cancellationToken)
    {
        string? accessKeyId = parseResult.GetValue(_accessKeyId);
        string? secretAccessKey = parseResult.GetValue(_secretAccessKey);
        string? sessionToken = parseResult.GetValue(_sessionToken);
        bool inArguments = accessKeyId is not null || secretAccessKey is not null || sessionToken is not null;
        if (parseResult.GetValue(_descriptor) is { } descriptor)
        {
            return inArguments
                ? throw new CommandFailedException(ExitCode.WrongUsage, "--credentials-fd and credentials as arguments exclude each other.")
                : await ReadDescriptorAsync(descriptor, cancellationToken);
        }

        return inArguments
            ? Make(accessKeyId, secretAccessKey, sessionToken, "--aws-access-key-id and --aws-secret-access-key must both be set")
            : ReadEnvironment(environment, "pass them with --credentials-fd");
    }

    /// <summary>Reads the variables that the AWS SDKs know, for services with <c>--credentials env</c>.</summary>
    /// <exception cref="CommandFailedException">They are not set, malformed, or good for the KMS proxy only.</exception>
    public static KmsCredentials ForServices() => ReadEnvironment(Environment.GetEnvironmentVariable, "choose --credentials imds or push");

    /// <summary>The variables that the AWS SDKs know.</summary>
    /// <param name="environment">The variables.</param>
    /// <param name="orElse">What else may be done, for the refusal.</param>
    /// <exception cref="CommandFailedException">They are not set, malformed, or good for the KMS proxy only.</exception>
    private static KmsCredentials ReadEnvironment(Func<string, string?> environment, string orElse)
    {
        string? accessKeyId = environment("AWS_ACCESS_KEY_ID");
        if (accessKeyId is not null && LocalAccessKey.IsLocal(accessKeyId))
        {
            throw new CommandFailedException(
                ExitCode.NoCredentials,
                "No credentials: AWS_ACCESS_KEY_ID is the access key of 'kmstool-enclave run', which only its KMS proxy takes. "
                + $"Set AWS credentials, or {orElse}; an AWS SDK that calls the KMS proxy needs none");
        }

        return Make(
            accessKeyId,
            environment("AWS_SECRET_ACCESS_KEY"),
            environment("AWS_SESSION_TOKEN"),
            $"No credentials: set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or {orElse}");
    }

    private static KmsCredentials Make(string? accessKeyId, string? secretAccessKey, string? sessionToken, string lacking)
    {
        if (string.IsNullOrEmpty(accessKeyId) || string.IsNullOrEmpty(secretAccessKey))
        {
            throw new CommandFailedException(ExitCode.NoCredentials, lacking);
        }

        byte[] secret = Encoding.UTF8.GetBytes(secretAccessKey);
        try
        {
            return CredentialDocument.Make(accessKeyId, SensitiveBytes.CopyOf(secret), sessionToken);
        }
        catch (FormatException e)
        {
            throw new CommandFailedException(ExitCode.NoCredentials, $"The credentials are malformed: {e.Message}");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private static async Task<KmsCredentials> ReadDescriptorAsync(int descriptor, CancellationToken cancellationToken)
    {
        using var content = SensitiveBytes.Allocate(MaxLength);
        try
        {
            // A pipe's reads cannot be cancelled; when time is up it is left behind.
            int length = await Task.Run(() => ReadAll(descriptor, content), cancellationToken).WaitAsync(Timeout, cancellationToken);
            return CredentialDocument.Read(content.Memory[..length]).Credentials;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or TimeoutException)
        {
            throw new CommandFailedException(ExitCode.NoCredentials, $"No credentials: file descriptor {descriptor} cannot be read ({e.GetType().Name})", e);
        }
        catch (FormatException e)
        {
            throw Malformed(e.Message);
        }
    }

    private static int ReadAll(int descriptor, SensitiveBytes content)
    {
        using var file = new FileStream(new SafeFileHandle(descriptor, ownsHandle: true), FileAccess.Read, bufferSize: 0);
        int length = file.ReadAtLeast(content.WritableSpan, content.Length, throwOnEndOfStream: false);
        return length < content.Length ? length : throw Malformed($"it has {MaxLength} bytes or more");
    }

    private static CommandFailedException Malformed(string reason) => new(ExitCode.NoCredentials,
        $"No credentials: what comes over --credentials-fd is not as 'aws configure export-credentials' prints it: {reason}");
}
