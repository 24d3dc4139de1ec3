using KmsTool.Protocol.Sockets;

namespace KmsTool.Protocol.Messages;

/// <summary>How an <see cref="EnclaveConnection"/> connects and waits.</summary>
public sealed class EnclaveConnectionOptions
{
    /// <summary>Gets the longest time for connecting, and for each command with its response. Default: 60 seconds.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Gets the receive buffer of a vsock socket in bytes (SO_VM_SOCKETS_BUFFER_SIZE), 1,024 to 16,777,216; <see langword="null"/> for the
    /// kernel's default of 262,144.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public ulong? VsockBufferSize
    {
        get;
        init
        {
            if (value is { } size)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(size, StreamSocketOptions.MinVsockBufferSize);
                ArgumentOutOfRangeException.ThrowIfGreaterThan(size, StreamSocketOptions.MaxVsockBufferSize);
            }

            field = value;
        }
    }

    /// <summary>Gets the clock that measures <see cref="Timeout"/>. Default: the system's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>
    /// Gets what is called at each step of the connection, for logs; <see langword="null"/> for nothing. It is called on any thread, must
    /// return quickly and must not throw.
    /// </summary>
    public Action<EnclaveConnectionEvent>? Observer { get; init; }
}

/// <summary>A step of an <see cref="EnclaveConnection"/>. It holds no content of messages.</summary>
/// <param name="Step">The step.</param>
/// <param name="Operation">The operation of the command, such as <c>Decrypt</c>; <see langword="null"/> for <see cref="EnclaveConnectionStep.Connected"/>.</param>
public readonly record struct EnclaveConnectionEvent(EnclaveConnectionStep Step, string? Operation);

/// <summary>The steps of an <see cref="EnclaveConnection"/>.</summary>
public enum EnclaveConnectionStep
{
    /// <summary>The connection is open.</summary>
    Connected,

    /// <summary>A command was sent.</summary>
    CommandSent,

    /// <summary>A response came: the command was carried out.</summary>
    Succeeded,

    /// <summary>A response came: the command was refused.</summary>
    Refused,

    /// <summary>The last response was the second one to a Decrypt, as the AWS sample sends it, and is skipped.</summary>
    DuplicateSkipped,
}
