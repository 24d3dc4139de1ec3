using KmsTool.CommandLine;
using KmsTool.Instance.Client;
using KmsTool.Instance.Commands;
using KmsTool.Protocol.Messages;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Tests.Instance.Commands;

public class EnclaveFailuresTests
{
    private static readonly StreamAddress Address = new StreamAddress.Unix("/e");

    [Theory]
    [InlineData(EnclaveFailure.CouldNotConnect, (int)ExitCode.CouldNotConnect, "It is so. Is it running? See 'nitro-cli describe-enclaves', and compare --cid and --port.")]
    [InlineData(EnclaveFailure.SocketNotAvailable, (int)ExitCode.CouldNotConnect, "It is so.")]
    [InlineData(EnclaveFailure.Refused, (int)ExitCode.OperationFailed, "It is so.")]
    [InlineData(EnclaveFailure.TimedOut, (int)ExitCode.ProtocolBroken, "It is so (--timeout). In debug mode 'nitro-cli console' shows what it logs.")]
    [InlineData(EnclaveFailure.ConnectionLost, (int)ExitCode.ProtocolBroken, "It is so. In debug mode 'nitro-cli console' shows what it logs.")]
    [InlineData(EnclaveFailure.ProtocolBroken, (int)ExitCode.ProtocolBroken, "It is so. In debug mode 'nitro-cli console' shows what it logs.")]
    public void Describe_failure_of_a_connection_gives_exit_code_and_advice(EnclaveFailure failure, int exitCode, string message)
    {
        CommandFailedException? e = Failures.Describe(new EnclaveException(failure, Address, "It is so."));

        Assert.Equal(((ExitCode?)exitCode, message), (e?.ExitCode, e?.Message));
    }

    [Theory]
    [InlineData("Could not create new client", null, "vsock-proxy")]
    [InlineData("Could not create new client: Connection refused", "KmsUnreachable", "vsock-proxy")]
    [InlineData("Could not create new client: certificate of another name", "KmsTlsFailed", "region")]
    [InlineData("Could not set region correctly, check configuration.", null, "leave --region away")]
    [InlineData("Could not decrypt ciphertext", null, "PCRs")]
    [InlineData("Could not decrypt ciphertext: AccessDeniedException: no", "AccessDeniedException", "kms:RecipientAttestation")]
    public void Describe_refusal_gives_advice(string message, string? code, string advice)
    {
        var refusal = new EnclaveException(EnclaveFailure.Refused, Address, "It is so.") { EnclaveMessage = message, Code = code };

        CommandFailedException? command = Failures.Describe(refusal);
        CommandFailedException? session = Failures.Describe(new SessionFailedException(refusal));

        Assert.Equal(ExitCode.OperationFailed, command?.ExitCode);
        Assert.StartsWith("It is so. ", command?.Message, StringComparison.Ordinal);
        Assert.Contains(advice, command?.Message, StringComparison.Ordinal);
        Assert.Equal((command?.ExitCode, command?.Message), (session?.ExitCode, session?.Message));
    }
}
