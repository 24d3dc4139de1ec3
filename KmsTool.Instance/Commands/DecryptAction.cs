using KmsTool.CommandLine;
using KmsTool.Protocol.Messages;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Commands;

/// <summary>Takes credentials and a ciphertext to the enclave and prints the plaintext that comes back.</summary>
internal static class DecryptAction
{
    /// <exception cref="CommandFailedException">It did not work.</exception>
    public static async Task RunAsync(DecryptRequest request, CancellationToken cancellationToken)
    {
        using ILoggerFactory loggers = LogOutput.Create(request.Enclave.LogLevel);
        ILogger logger = loggers.CreateLogger(DecryptCommandLine.Name);

        Log.ReadingCiphertext(logger, request.Ciphertext.ToString());
        DecryptCommand command = request.Command with { Ciphertext = await request.Ciphertext.ReadAsync(cancellationToken) };
        using DecryptReply? reply = await EnclaveCommand.RunAsync<DecryptReply>(request.Enclave, command, logger, cancellationToken);
        if (reply is null)
        {
            return;
        }

        if (reply.Message is { } plaintext)
        {
            await StandardOutput.WriteAsync(output => PlaintextWriter.WriteAsync(output, plaintext, request.Output, cancellationToken), cancellationToken);
        }
        else
        {
            await SecretPrinter.PrintAsync(reply, secret: null, request.Output, cancellationToken);
        }
    }
}
