using System.Net.Sockets;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Networking;

/// <summary>
/// Accepts connections until it is stopped. A failure to accept one, of which the most likely cause is that no descriptor is left,
/// is reported and does not end it.
/// </summary>
/// <param name="listener">Closed when the loop ends.</param>
/// <param name="time">Measures the pause after a failure.</param>
/// <param name="failed">Is told of a failure.</param>
internal sealed class AcceptLoop(StreamListener listener, TimeProvider time, Action<SocketException> failed)
{
    // An accept that fails will fail again at once; the pause keeps that from taking all of the CPU.
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(100);

    // Completions run on a thread that waits for many sockets: a queue that is never empty would keep it.
    private const int MaxBurst = 16;

    /// <summary>Accepts until <paramref name="stopping"/> is cancelled or the listener is disposed of.</summary>
    /// <param name="admit">Takes the connection over; the next one is accepted after it returns.</param>
    /// <param name="stopping">Ends the loop.</param>
    /// <param name="prepare">Runs before each connection is accepted: while it waits, connections wait in the kernel's queue.</param>
    public async Task RunAsync(Func<Socket, ValueTask> admit, CancellationToken stopping, Func<ValueTask>? prepare = null)
    {
        try
        {
            for (int accepted = 1; ; accepted++)
            {
                if (prepare is not null)
                {
                    await prepare();
                }

                await admit(await AcceptAsync(stopping));
                if (accepted % MaxBurst == 0)
                {
                    await Task.Yield();
                }
            }
        }
        catch (OperationCanceledException)
        {
            await listener.DisposeAsync();
        }
    }

    private async Task<Socket> AcceptAsync(CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                return await listener.AcceptAsync(stopping);
            }
            catch (SocketException e)
            {
                failed(e);
                await Task.Delay(PauseAfterFailure, time, stopping);
            }
        }
    }
}
