using System.Security.Cryptography;
using System.Text;
using KmsTool.Protocol.Messages;

namespace KmsTool.CommandLine;

/// <summary>Where a peer's public key comes from: an argument in base64 or the file that it names, or a file, DER or PEM.</summary>
internal static class PublicKeySource
{
    // Room for the PEM of the longest key.
    private const int MaxFileLength = 16 * 1024;

    private const string What = "The public key";

    /// <summary>The key as DER SubjectPublicKeyInfo, 1 to <see cref="KmsLimits.MaxPublicKeyLength"/> bytes; KMS looks inside.</summary>
    /// <exception cref="CommandFailedException">None or both are given, or the key cannot be read or is not encoded correctly.</exception>
    public static byte[] Read(string? base64, string? path)
    {
        byte[] key = (base64, path) switch
        {
            (not null, null) => Decode(base64),
            (null, not null) => ReadFile(path),
            _ => throw UsageError("The peer's public key is needed, with --public-key or --public-key-file, and only one of them."),
        };
        return key.Length is > 0 and <= KmsLimits.MaxPublicKeyLength
            ? key
            : throw UsageError($"The public key has {key.Length} bytes; KMS takes 1 to {KmsLimits.MaxPublicKeyLength}.");
    }

    private static byte[] Decode(string value)
    {
        if (InputFile.TryParseReference(value, out string? path, out bool holdsBytes))
        {
            if (holdsBytes)
            {
                return ReadFile(path);
            }

            value = Encoding.UTF8.GetString(InputFile.Read(path, What, MaxFileLength));
        }

        return CommonOptions.TryDecodeBase64(value, out byte[]? key)
            ? key
            : throw UsageError("--public-key is not base64; give DER SubjectPublicKeyInfo in base64, or a file with --public-key-file.");
    }

    private static byte[] ReadFile(string path)
    {
        byte[] content = InputFile.Read(path, What, MaxFileLength);
        ReadOnlySpan<byte> utf8 = content;
        if (!PemEncoding.TryFindUtf8(utf8, out PemFields pem))
        {
            return content;
        }

        if (!utf8[pem.Label].SequenceEqual("PUBLIC KEY"u8))
        {
            throw UsageError("--public-key-file holds something else than a PUBLIC KEY in PEM; 'openssl pkey -pubout' writes one.");
        }

        byte[] decoded = new byte[pem.DecodedDataLength];
        System.Buffers.Text.Base64.DecodeFromUtf8(utf8[pem.Base64Data], decoded, out _, out int length);
        return decoded[..length];
    }

    private static CommandFailedException UsageError(string message) => new(ExitCode.WrongUsage, message);
}
