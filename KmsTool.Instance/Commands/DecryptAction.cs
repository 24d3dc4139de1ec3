using KmsTool.Cli;
using KmsTool.Instance.Client;
using KmsTool.Instance.Credentials;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Commands;

/// <summary>Takes credentials and a ciphertext to the enclave and prints the plaintext that comes back.</summary>
internal static class DecryptAction
{
    /// <exception cref="CommandFailedException">It did not work.</exception>
    public static async Task RunAsync(DecryptRequest request, CancellationToken cancellationToken)
    {
        using ILoggerFactory loggers = LogOutput.Create(request.LogLevel);
        ILogger logger = loggers.CreateLogger("decrypt");

        Log.ReadingCiphertext(logger, request.Ciphertext.ToString());
        byte[] ciphertext = await request.Ciphertext.ReadAsync(cancellationToken);
        var source = new CredentialSource(request.Credentials, TimeProvider.System, logger);
        using InstanceCredentials credentials = await source.ResolveAsync(cancellationToken);
        using SetClientCommand setClient = credentials.ToSetClient(request.Region);
        using SensitiveBytes plaintext = await DecryptAsync(request, setClient, ciphertext, logger, cancellationToken);
        await PrintAsync(plaintext, request.Output, cancellationToken);
    }

    private static async Task<SensitiveBytes> DecryptAsync(
        DecryptRequest request, SetClientCommand setClient, byte[] ciphertext, ILogger logger, CancellationToken cancellationToken)
    {
        await using EnclaveClient enclave = await EnclaveClient.ConnectAsync(
            request.Enclave, request.Timeout, TimeProvider.System, logger, cancellationToken);
        await enclave.SetClientAsync(setClient, cancellationToken);
        var decrypt = new DecryptCommand
        {
            Ciphertext = ciphertext,
            EncryptionContext = request.EncryptionContext,
            KeyId = request.KeyId,
            EncryptionAlgorithm = request.EncryptionAlgorithm,
            GrantTokens = request.GrantTokens,
        };
        return await enclave.DecryptAsync(decrypt, cancellationToken);
    }

    private static async Task PrintAsync(SensitiveBytes plaintext, OutputFormat format, CancellationToken cancellationToken)
    {
        try
        {
            await using Stream output = Console.OpenStandardOutput();
            await PlaintextWriter.WriteAsync(output, plaintext, format, cancellationToken);
        }
        catch (IOException e)
        {
            throw new CommandFailedException(
                ExitCode.OperationFailed, $"The plaintext was decrypted but could not be written to stdout: {e.Message}", e);
        }
    }
}
