using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using KmsTool.Protocol.Messages;

namespace KmsTool.Tests.Protocol.Messages;

public class MessageReaderTests
{
    private const int MaxLength = 16;

    public static TheoryData<string, string[]> Streams => new()
    {
        { "", ["End"] },
        { "a\0", ["a", "End"] },
        { "\0", ["", "End"] },
        { "a\0b\0\0c\0", ["a", "b", "", "c", "End"] },
        { "a\0b", ["a", "Truncated"] },
        { "0123456789abcdef\0x\0", ["0123456789abcdef", "x", "End"] },
        { "0123456789abcdefg\0x\0", ["TooLong", "x", "End"] },
        { "0123456789abcdef0123456789abcdef0123456789abcdef\0x\0", ["TooLong", "x", "End"] },
        { "0123456789abcdef0123456789abcdef", ["TooLong", "Truncated"] },
        { "0123456789abcdefg\00123456789abcdefg\0", ["TooLong", "TooLong", "End"] },
    };

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task ReadAsync_findsTheSameMessagesHoweverTheBytesArrive(string text, string[] expected)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        for (int chunk = 1; chunk <= Math.Max(bytes.Length, 1); chunk++)
        {
            var pipe = new Pipe();
            Task writing = WriteAsync(pipe.Writer, bytes, chunk);
            var reader = new MessageReader(pipe.Reader, MaxLength);
            var found = new List<string>();
            MessageRead read;
            do
            {
                read = await reader.ReadAsync(CancellationToken.None);
                found.Add(read.Status == MessageReadStatus.Message ? Encoding.UTF8.GetString(read.Bytes.ToArray()) : read.Status.ToString());
            }
            while (read.Status is MessageReadStatus.Message or MessageReadStatus.TooLong);

            await writing;
            Assert.Equal(expected, found);
        }
    }

    [Fact]
    public async Task ReadAsync_afterCancellation_hasLostNothing()
    {
        var pipe = new Pipe();
        var reader = new MessageReader(pipe.Reader, MaxLength);
        await pipe.Writer.WriteAsync("first"u8.ToArray());
        using var cancelled = new CancellationTokenSource();
        Task<MessageRead> waiting = reader.ReadAsync(cancelled.Token).AsTask();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);

        await pipe.Writer.WriteAsync(" half\0"u8.ToArray());

        Assert.Equal("first half", Encoding.UTF8.GetString((await reader.ReadAsync(CancellationToken.None)).Bytes.ToArray()));
    }

    private static async Task WriteAsync(PipeWriter writer, byte[] bytes, int chunk)
    {
        for (int i = 0; i < bytes.Length; i += chunk)
        {
            await writer.WriteAsync(bytes.AsMemory(i, Math.Min(chunk, bytes.Length - i)));
        }

        await writer.CompleteAsync();
    }
}
