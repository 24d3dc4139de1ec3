using System.Security.Cryptography;
using KmsTool.Protocol.Messages;

namespace KmsTool.Cli;

/// <summary>Where a peer's public key comes from: an argument in base64, or a file, DER or PEM.</summary>
internal static class PublicKeySource
{
    // Room for the PEM of the longest key.
    private const int MaxFileLength = 16 * 1024;

    /// <summary>The key as DER SubjectPublicKeyInfo, 1 to <see cref="KmsLimits.MaxPublicKeyLength"/> bytes; KMS looks inside.</summary>
    /// <exception cref="CommandFailedException">Not exactly one is given, or it cannot be read, or is no public key's encoding.</exception>
    public static byte[] Read(string? base64, string? path)
    {
        byte[] key = (base64, path) switch
        {
            (not null, null) => Decode(base64),
            (null, not null) => ReadFile(path),
            _ => throw Wrong("The peer's public key is needed, with --public-key or --public-key-file, and only one of them."),
        };
        return key.Length is > 0 and <= KmsLimits.MaxPublicKeyLength
            ? key
            : throw Wrong($"The public key has {key.Length} bytes; KMS takes 1 to {KmsLimits.MaxPublicKeyLength}.");
    }

    private static byte[] Decode(string base64) => CommonOptions.TryDecodeBase64(base64, out byte[]? key)
        ? key
        : throw Wrong("--public-key is not base64; give DER SubjectPublicKeyInfo in base64, or a file with --public-key-file.");

    private static byte[] ReadFile(string path)
    {
        byte[] content = new byte[MaxFileLength + 1];
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            content = content[..file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new CommandFailedException(ExitCode.WrongUsage, $"The public key cannot be read: {e.Message}", e);
        }

        ReadOnlySpan<byte> utf8 = content;
        if (!PemEncoding.TryFindUtf8(utf8, out PemFields pem))
            return content;

        if (!utf8[pem.Label].SequenceEqual("PUBLIC KEY"u8))
            throw Wrong("--public-key-file holds something else than a PUBLIC KEY in PEM; 'openssl pkey -pubout' writes one.");

        byte[] decoded = new byte[pem.DecodedDataLength];
        System.Buffers.Text.Base64.DecodeFromUtf8(utf8[pem.Base64Data], decoded, out _, out int length);
        return decoded[..length];
    }

    private static CommandFailedException Wrong(string message) => new(ExitCode.WrongUsage, message);
}
