using System.Globalization;
using System.Net.Sockets;
using System.Text;
using KmsTool.CommandLine;
using KmsTool.Enclave.Kms;
using KmsTool.Protocol;

namespace KmsTool.Benchmarks.Load;

/// <summary>One Decrypt each time through the KMS proxy, over a connection that is kept: an AWS SDK's bytes without its work.</summary>
internal sealed class KmsProxyWorker : IWorker
{
    private const int MaxAnswerLength = 16 * 1024;

    // Signatures are good for five minutes.
    private static readonly TimeSpan SignatureLifetime = TimeSpan.FromMinutes(2);

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly byte[] _answer = new byte[MaxAnswerLength];
    private readonly byte[] _body;
    private readonly byte[] _expected;
    private readonly KmsEndpoint _endpoint;
    private readonly KmsCredentials _key;
    private byte[] _request = [];
    private long _signedAt;

    /// <param name="environmentFile">The proxy's, with its address and access key.</param>
    /// <param name="sample">What is decrypted.</param>
    public KmsProxyWorker(string environmentFile, (string Ciphertext, string Plaintext) sample)
    {
        Dictionary<string, string> exports = SimulatedAws.ReadExports(environmentFile);
        var address = new Uri(exports["AWS_ENDPOINT_URL_KMS"]);
        _endpoint = new KmsEndpoint(address.Host, address.Port, exports["AWS_REGION"]);
        _key = new KmsCredentials(
            exports["AWS_ACCESS_KEY_ID"], SensitiveBytes.CopyOf(Encoding.ASCII.GetBytes(exports["AWS_SECRET_ACCESS_KEY"])), sessionToken: null);
        _body = Encoding.ASCII.GetBytes($$"""{"CiphertextBlob":"{{sample.Ciphertext}}"}""");
        _expected = Encoding.ASCII.GetBytes($"\"Plaintext\":\"{sample.Plaintext}\"");
        _socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.NoDelay, true);
        _socket.Connect(address.Host, address.Port);
        Sign();
    }

    public void Work()
    {
        if (TimeProvider.System.GetElapsedTime(_signedAt) > SignatureLifetime)
        {
            Sign();
        }

        for (int sent = 0; sent < _request.Length;)
        {
            sent += _socket.Send(_request.AsSpan(sent));
        }

        int length = 0;
        while (true)
        {
            int received = _socket.Receive(_answer.AsSpan(length));
            length += received;
            ReadOnlySpan<byte> answer = _answer.AsSpan(0, length);
            if (length == 0)
            {
                throw new SocketException((int)SocketError.ConnectionReset);
            }

            if (received == 0 || length == _answer.Length)
            {
                throw Wrong(answer);
            }

            int head = answer.IndexOf("\r\n\r\n"u8);
            if (head < 0 || length < head + 4 + ContentLength(answer[..head]))
            {
                continue;
            }

            if (answer.StartsWith("HTTP/1.1 200 "u8) && answer.IndexOf(_expected) > 0)
            {
                return;
            }

            throw Wrong(answer);
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        _key.Dispose();
    }

    private static int ContentLength(ReadOnlySpan<byte> head)
    {
        ReadOnlySpan<byte> name = "\r\nContent-Length: "u8;
        ReadOnlySpan<byte> rest = head[(head.IndexOf(name) + name.Length)..];
        int end = rest.IndexOf((byte)'\r');
        return int.Parse(end < 0 ? rest : rest[..end], NumberStyles.None, CultureInfo.InvariantCulture);
    }

    private void Sign()
    {
        using HttpRequestMessage request = AttestedKmsClient.CreateRequest(
            KmsOperation.Decrypt.Target, _body, _endpoint, _key, TimeProvider.System.GetUtcNow());
        _signedAt = TimeProvider.System.GetTimestamp();
        var head = new StringBuilder($"POST / HTTP/1.1\r\nHost: {_endpoint.Authority}\r\nContent-Type: {request.Content!.Headers.ContentType}\r\n");
        foreach ((string name, IEnumerable<string> values) in request.Headers.NonValidated.Select(header => (header.Key, (IEnumerable<string>)header.Value)))
        {
            head.Append(CultureInfo.InvariantCulture, $"{name}: {values.Single()}\r\n");
        }

        head.Append(CultureInfo.InvariantCulture, $"Content-Length: {_body.Length}\r\n\r\n");
        _request = [.. Encoding.ASCII.GetBytes(head.ToString()), .. _body];
    }

    private static CommandFailedException Wrong(ReadOnlySpan<byte> answer) => new(
        ExitCode.OperationFailed, $"The KMS proxy answered: {Encoding.ASCII.GetString(answer[..Math.Min(answer.Length, 600)])}");
}
