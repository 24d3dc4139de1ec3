using KmsTool.Protocol;

namespace KmsTool.CommandLine;

/// <summary>Output that holds a secret, as bytes all the way: no string is made of it.</summary>
internal static class SecretLine
{
    /// <summary>The text and a newline.</summary>
    public static SensitiveBytes Text(ReadOnlySpan<byte> utf8)
    {
        var line = SensitiveBytes.Allocate(utf8.Length + 1);
        utf8.CopyTo(line.WritableSpan);
        line.WritableSpan[^1] = (byte)'\n';
        return line;
    }

    /// <summary>The bytes in base64 between two texts.</summary>
    public static SensitiveBytes Base64(ReadOnlySpan<byte> before, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> after)
    {
        int length = System.Buffers.Text.Base64.GetMaxEncodedToUtf8Length(bytes.Length);
        var line = SensitiveBytes.Allocate(before.Length + length + after.Length);
        before.CopyTo(line.WritableSpan);
        System.Buffers.Text.Base64.EncodeToUtf8(bytes, line.WritableSpan[before.Length..], out _, out _);
        after.CopyTo(line.WritableSpan[(before.Length + length)..]);
        return line;
    }
}
