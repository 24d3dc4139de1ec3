using KmsTool.CommandLine;
using KmsTool.Enclave.Hosting;
using KmsTool.Enclave.Kms;
using KmsTool.Networking;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Commands;

/// <summary>Has KMS carry out one command for a program inside the enclave, and prints the result as the original does.</summary>
internal sealed class KmsAction(KmsSettings settings, TimeSpan timeout, TimeProvider time, ILogger logger)
{
    // Used for one request and thrown away with the process.
    private static readonly RecipientSettings Once = new(AttestationLifetime: TimeSpan.Zero, KeyLifetime: TimeSpan.FromHours(1));

    /// <exception cref="CommandFailedException">It did not work.</exception>
    public async Task RunAsync(
        KmsCommand command, Func<CancellationToken, Task<KmsCredentials>> readCredentials, CancellationToken cancellationToken)
    {
        string region = settings.Region ?? settings.Pins.KeyRegion ?? KmsEndpoint.DefaultRegion;
        KmsEndpoint endpoint = settings.Endpoints.ForRegion(region)
            ?? throw new CommandFailedException(ExitCode.WrongUsage, $"No partition has a region {region}.");
        var waits = new WaitNotice(logger, time);
        using KmsCredentials credentials = await ReadCredentialsAsync(readCredentials, waits, cancellationToken);
        using var deadline = new Deadline(timeout, time, cancellationToken);
        using IDisposable waiting = waits.Begin($"{endpoint.Host} by way of the parent's vsock-proxy");
        try
        {
            settings.Pins.CheckRegion(region);
            await using AttestedKms kms = await AttestedKms.OpenAsync(
                settings with { Recipient = Once, Startup = settings.Startup with { BringsUpLoopback = false } }, time, logger, deadline.Token);
            using KmsAnswer answer = await kms.Client.SendAsync(CommandRequest.Of(command), endpoint, credentials, deadline.Token);
            await PrintAsync(command, answer, cancellationToken);
        }
        catch (KmsException e)
        {
            throw Failed(command, e.Code, e.Message, e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw Failed(command, ErrorCodes.KmsTimeout, $"no answer within {timeout.TotalSeconds} s (--timeout)", e);
        }
    }

    private static async Task<KmsCredentials> ReadCredentialsAsync(
        Func<CancellationToken, Task<KmsCredentials>> readCredentials, WaitNotice waits, CancellationToken cancellationToken)
    {
        // Only the descriptor can keep this waiting; arguments and variables are read at once.
        using IDisposable waiting = waits.Begin("the end of the credentials from --credentials-fd");
        return await readCredentials(cancellationToken);
    }

    private static async Task PrintAsync(KmsCommand command, KmsAnswer answer, CancellationToken cancellationToken)
    {
        if (answer is not KmsAnswer.Opened opened)
        {
            var refused = (KmsAnswer.Refused)answer;
            throw Failed(command, refused.Code, refused.Message, null);
        }

        await StandardOutput.WriteAsync(output => PrintAsync(output, command, opened, cancellationToken), cancellationToken);
    }

    private static async Task PrintAsync(Stream output, KmsCommand command, KmsAnswer.Opened opened, CancellationToken cancellationToken)
    {
        foreach ((string label, string member) in Labels(command))
        {
            using SensitiveBytes line = SecretLine.Base64(LabelBytes(label), opened.Bytes(member).Span, "\n"u8);
            await output.WriteAsync(line.Memory, cancellationToken);
        }

        using SensitiveBytes secret = opened.TakeSecret();
        using SensitiveBytes last = SecretLine.Base64("PLAINTEXT: "u8, secret.Span, "\n"u8);
        await output.WriteAsync(last.Memory, cancellationToken);
    }

    /// <summary>What is printed before the secret, in the original's order.</summary>
    private static (string Label, string Member)[] Labels(KmsCommand command) => command switch
    {
        GenerateDataKeyCommand => [("CIPHERTEXT", "CiphertextBlob")],
        GenerateDataKeyPairCommand => [("CIPHERTEXT", "PrivateKeyCiphertextBlob"), ("PUBLICKEY", "PublicKey")],
        _ => [],
    };

    private static byte[] LabelBytes(string label) => System.Text.Encoding.ASCII.GetBytes(label + ": ");

    private static CommandFailedException Failed(KmsCommand command, string code, string message, Exception? cause) => new(
        code switch
        {
            ErrorCodes.KmsUnreachable or ErrorCodes.KmsTlsFailed or ErrorCodes.KmsTimeout or ErrorCodes.AttestationUnavailable => ExitCode.CouldNotConnect,
            ErrorCodes.InvalidKmsAnswer => ExitCode.ProtocolBroken,
            // A key that is needed and not named; KMS was not asked.
            ErrorCodes.InvalidParameter => ExitCode.WrongUsage,
            _ => ExitCode.OperationFailed,
        },
        ErrorTexts.Failed(command.Operation!, code, message),
        cause);
}
