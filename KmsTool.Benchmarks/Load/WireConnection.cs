using System.Net.Sockets;
using KmsTool.CommandLine;

namespace KmsTool.Benchmarks.Load;

/// <summary>
/// A client's connection to the enclave, as bare as it can be: blocking calls on a socket and a buffer that is used again,
/// so that what is measured is the enclave.
/// </summary>
/// <param name="messages">What is said and must be heard.</param>
/// <param name="buffer">Takes the replies; longer than any of them.</param>
internal sealed class WireConnection(WireMessages messages, byte[] buffer) : IDisposable
{
    /// <summary>More than any reply has.</summary>
    public const int BufferLength = 4096;

    private const int PatienceMilliseconds = 60_000;

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
    {
        ReceiveTimeout = PatienceMilliseconds,
        SendTimeout = PatienceMilliseconds,
    };

    /// <summary>Whether the enclave has closed it, or said something unasked.</summary>
    public bool IsDisturbed => _socket.Poll(0, SelectMode.SelectRead);

    /// <exception cref="SocketException">The enclave does not listen there.</exception>
    public void Connect(UnixDomainSocketEndPoint enclave) => _socket.Connect(enclave);

    /// <exception cref="CommandFailedException">The enclave answered anything but what it must.</exception>
    /// <exception cref="SocketException">The connection failed, or the answer took too long.</exception>
    public void SetClient() => Exchange(messages.SetClient, messages.SetClientReply);

    /// <inheritdoc cref="SetClient"/>
    public void Decrypt() => Exchange(messages.Decrypt, messages.DecryptReply);

    public void Dispose() => _socket.Dispose();

    private void Exchange(byte[] message, byte[] expectedReply)
    {
        _socket.Send(message);
        int length = 0;
        int received;
        do
        {
            received = _socket.Receive(buffer.AsSpan(length));
            length += received;
        }
        while (received > 0 && buffer[length - 1] != 0);

        // Exactly one reply: the original's second one would be seen here too.
        if (!buffer.AsSpan(0, length).SequenceEqual(expectedReply))
        {
            throw new CommandFailedException(ExitCode.ProtocolBroken, "The enclave did not answer as it must; its log says more.");
        }
    }
}
