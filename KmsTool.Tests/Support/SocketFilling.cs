using System.Net.Sockets;

namespace KmsTool.Tests.Support;

/// <summary>Brings a connection to where its peer takes no more.</summary>
internal static class SocketFilling
{
    /// <summary>Sends this over and over until a send has to wait.</summary>
    /// <returns>That send, which may go on all the same if the peer was only slow.</returns>
    public static Task<int> SendUntilItWaits(this Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task<int> sending = socket.SendAsync(bytes, cancellationToken).AsTask();
            if (!sending.IsCompletedSuccessfully)
            {
                return sending;
            }
        }
    }

    /// <summary>Waits for the end of something whose result is of no matter, such as a send to a peer that has gone.</summary>
    public static async Task WhateverComesAsync(this Task task) => await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
