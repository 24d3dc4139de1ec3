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
    /// <exception cref="Cli.CommandFailedException">It cannot be written, or text was asked for and it is none.</exception>
    public static async Task PrintAsync(SecretReply reply, SensitiveBytes? secret, OutputFormat format, CancellationToken cancellationToken)
    {
        if (reply.Withheld == true)
            await Console.Error.WriteLineAsync("KMS carried it out; the enclave is pinned (--reply) not to give the result.");

        await StandardOutput.WriteAsync(
            output => secret is null || format == OutputFormat.Json
                ? ReplyWriter.WriteAsync(output, reply, indented: false, cancellationToken)
                : PlaintextWriter.WriteAsync(output, secret, format, cancellationToken),
            cancellationToken);
    }
}
