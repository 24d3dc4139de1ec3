using System.Buffers;
using System.Text;

namespace KmsTool.Tests.Support;

/// <summary>Keeps everything that a program writes to one stream, and tells when a line has come.</summary>
internal sealed class OutputCapture
{
    private readonly Lock _lock = new();
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private TaskCompletionSource _changed = NewSignal();
    private bool _ended;

    public OutputCapture(Stream source) => Completion = CaptureAsync(source);

    /// <summary>Completes when the program has closed the stream.</summary>
    public Task Completion { get; }

    public byte[] Bytes
    {
        get
        {
            lock (_lock)
            {
                return _bytes.WrittenSpan.ToArray();
            }
        }
    }

    public string Text => Encoding.UTF8.GetString(Bytes);

    /// <summary>Waits for a whole line that contains <paramref name="part"/> and returns it.</summary>
    public async Task<string> WaitForLineAsync(string part, TimeSpan timeout)
    {
        using var timer = new CancellationTokenSource(timeout);
        while (true)
        {
            Task changed;
            bool ended;
            lock (_lock)
            {
                changed = _changed.Task;
                ended = _ended;
            }

            string text = Text;
            string wholeLines = text[..(text.LastIndexOf('\n') + 1)];
            if (wholeLines.Split('\n').FirstOrDefault(line => line.Contains(part, StringComparison.Ordinal)) is { } found)
            {
                return found;
            }

            Assert.False(ended, $"The program ended without the line '{part}'. It wrote:\n{text}");
            await changed.WaitAsync(timer.Token);
        }
    }

    private async Task CaptureAsync(Stream source)
    {
        byte[] buffer = new byte[4096];
        int length;
        while ((length = await source.ReadAsync(buffer)) > 0)
        {
            Change(buffer.AsSpan(0, length), ended: false);
        }

        Change([], ended: true);
    }

    private void Change(ReadOnlySpan<byte> bytes, bool ended)
    {
        lock (_lock)
        {
            _bytes.Write(bytes);
            _ended = ended;
            _changed.SetResult();
            _changed = NewSignal();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
