using KmsTool.CommandLine;
using KmsTool.Protocol.Messages;

namespace KmsTool.Instance.Client;

/// <summary>The enclave, or KMS through it, said no to one command. The connection goes on.</summary>
internal sealed class RefusedException(string message, string? code) : CommandFailedException(ExitCode.OperationFailed, message)
{
    /// <summary>Machine-readable name of the error; <see langword="null"/> from the original enclave.</summary>
    public string? Code { get; } = code;

    /// <summary>
    /// Whether the enclave refuses a region, as it has one of its own or keys of other regions only. The AWS sample's enclave says
    /// so by its text alone.
    /// </summary>
    public bool IsAboutRegion =>
        Code is ErrorCodes.InvalidRegion or ErrorCodes.PinViolated
        || (Code is null && Message.Contains(ErrorTexts.RegionConflict.TrimEnd('.'), StringComparison.Ordinal));
}
