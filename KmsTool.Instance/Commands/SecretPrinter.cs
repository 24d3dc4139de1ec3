using KmsTool.CommandLine;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;

namespace KmsTool.Instance.Commands;

/// <summary>Prints what KMS gave, or what the enclave is pinned to tell of it.</summary>
internal static class SecretPrinter
{
    /// <param name="reply">The whole reply, for JSON.</param>
    /// <param name="secret">The secret, for all other formats.</param>
    /// <param name="format">How.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CommandFailedException">It cannot be written, or is withheld, or text was asked for and it is none.</exception>
    public static async Task PrintAsync(SecretReply reply, SensitiveBytes? secret, OutputFormat format, CancellationToken cancellationToken)
    {
        if (reply.Withheld == true)
        {
            const string Withheld = "KMS carried it out, but the enclave is pinned (--reply) not to give the result";
            // In any other format what stands in its place would pass for it.
            if (format != OutputFormat.Json)
            {
                throw new CommandFailedException(ExitCode.OperationFailed, Withheld + "; --output json prints what it tells in its place.");
            }

            await Console.Error.WriteLineAsync(Withheld + ".");
        }

        await StandardOutput.WriteAsync(
            output => secret is null || format == OutputFormat.Json
                ? ReplyWriter.WriteAsync(output, reply, indented: false, cancellationToken)
                : PlaintextWriter.WriteAsync(output, secret, format, cancellationToken),
            cancellationToken);
    }
}
