using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace KmsTool.Simulator.Http;

/// <summary>A request's whole body in a pooled buffer, which is cleared when it goes back: it may hold a plaintext.</summary>
internal sealed class RequestBody : IDisposable
{
    private const int InitialCapacity = 16 * 1024;

    private byte[] _buffer;
    private int _length;

    private RequestBody(int capacity) => _buffer = ArrayPool<byte>.Shared.Rent(capacity);

    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

    /// <exception cref="BadHttpRequestException">The body is longer than the server's limit, or is cut off.</exception>
    public static async ValueTask<RequestBody> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        // The announced length is at most the server's limit, which Kestrel enforces on first read.
        int announced = (int)Math.Clamp(request.ContentLength ?? InitialCapacity, 1, LocalHttpServer.MaxBodyLength);
        RequestBody body = new(announced);
        try
        {
            while (await request.Body.ReadAsync(body._buffer.AsMemory(body._length), cancellationToken) is not 0 and int read)
            {
                body._length += read;
                if (body._length == body._buffer.Length)
                    body.Grow();
            }

            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer, clearArray: true);
        _buffer = [];
        _length = 0;
    }

    private void Grow()
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
        Bytes.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer, clearArray: true);
        _buffer = larger;
    }
}
