using KmsTool.Protocol;
using Microsoft.AspNetCore.Http;

namespace KmsTool.Networking.Http;

/// <summary>Reading bodies that may hold a plaintext.</summary>
internal static class RequestBody
{
    private const int Chunk = 4 * 1024;

    /// <summary>The whole body, which the caller disposes of.</summary>
    /// <exception cref="BadHttpRequestException">The body is longer than the server's limit, too slow, or is cut off.</exception>
    public static async Task<SensitiveBufferWriter> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        // The announced length is at most the server's limit, which Kestrel enforces on first read.
        int announced = (int)Math.Clamp(request.ContentLength ?? Chunk, 1, LocalHttpServer.MaxBodyLength);
        var body = new SensitiveBufferWriter(Math.Min(announced, 4 * Chunk));
        try
        {
            while (await request.Body.ReadAsync(body.GetMemory(Chunk), cancellationToken) is not 0 and int read)
            {
                body.Advance(read);
            }

            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }
}
