using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace KmsTool.Simulator.Imds;

/// <summary>
/// Session tokens of IMDSv2. A token is its own record, time of expiry and a MAC over it, so that none need be kept.
/// </summary>
internal sealed class ImdsTokens(TimeProvider timeProvider)
{
    private const int TimeLength = sizeof(long);
    private const int MacLength = 24;

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(HMACSHA256.HashSizeInBytes);

    public string Issue(TimeSpan lifetime)
    {
        byte[] token = new byte[TimeLength + MacLength];
        BinaryPrimitives.WriteInt64BigEndian(token, (timeProvider.GetUtcNow() + lifetime).UtcTicks);
        Mac(token, token.AsSpan(TimeLength));
        return Base64Url.EncodeToString(token);
    }

    public bool IsValid(string text)
    {
        Span<byte> token = stackalloc byte[TimeLength + MacLength];
        if (Base64Url.DecodeFromChars(text, token, out _, out int length) != OperationStatus.Done || length != token.Length)
        {
            return false;
        }

        Span<byte> mac = stackalloc byte[MacLength];
        Mac(token, mac);
        return CryptographicOperations.FixedTimeEquals(mac, token[TimeLength..])
            && BinaryPrimitives.ReadInt64BigEndian(token) > timeProvider.GetUtcNow().UtcTicks;
    }

    private void Mac(ReadOnlySpan<byte> token, Span<byte> destination)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, token[..TimeLength], hash);
        hash[..MacLength].CopyTo(destination);
    }
}
