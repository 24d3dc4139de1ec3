using KmsTool.Cli;

namespace KmsTool.Instance.Client;

/// <summary>The enclave, or KMS through it, said no to one command. The connection goes on.</summary>
internal sealed class RefusedException(string message, string? code) : CommandFailedException(ExitCode.OperationFailed, message)
{
    /// <summary>Machine-readable name of the error; <see langword="null"/> from the original enclave.</summary>
    public string? Code { get; } = code;
}
