using KmsTool.Protocol.Sockets;

namespace KmsTool.Protocol.Messages;

/// <summary>
/// An enclave cannot be reached, refuses a command, or breaks the protocol. The message holds no secret, and what it quotes of the
/// enclave is fit for a terminal.
/// </summary>
public sealed class EnclaveException : Exception
{
    internal EnclaveException(EnclaveFailure failure, StreamAddress address, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        Failure = failure;
        Address = address;
    }

    /// <summary>Gets what failed.</summary>
    public EnclaveFailure Failure { get; }

    /// <summary>Gets the address of the enclave.</summary>
    public StreamAddress Address { get; }

    /// <summary>Gets the operation of the command that failed, such as <c>Decrypt</c>; <see langword="null"/> if connecting failed.</summary>
    public string? Operation { get; internal init; }

    /// <summary>
    /// Gets the machine-readable name of the error if the enclave refused: one of <see cref="ErrorCodes"/>, or the name of an
    /// exception of KMS, such as <c>AccessDeniedException</c>. <see langword="null"/> from the AWS sample, which sends none. The enclave
    /// wrote it: do not print it unchecked.
    /// </summary>
    public string? Code { get; internal init; }

    /// <summary>Gets the text of the error as the enclave wrote it, if it refused: do not print it unchecked.</summary>
    public string? EnclaveMessage { get; internal init; }
}

/// <summary>What failed between a client and an enclave.</summary>
public enum EnclaveFailure
{
    /// <summary>No enclave listens at the address, or it cannot be reached in time.</summary>
    CouldNotConnect,

    /// <summary>This machine cannot make a socket for the address, such as a vsock socket without the kernel module.</summary>
    SocketNotAvailable,

    /// <summary>The enclave, or KMS through it, refused the command. The connection stays usable.</summary>
    Refused,

    /// <summary>No response came in time. The connection cannot be used any longer.</summary>
    TimedOut,

    /// <summary>The connection failed, or the enclave closed it before its response was complete.</summary>
    ConnectionLost,

    /// <summary>The response is too long, malformed, or belongs to another operation. The connection cannot be used any longer.</summary>
    ProtocolBroken,
}
