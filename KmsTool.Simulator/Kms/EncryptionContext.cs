using System.Buffers.Binary;
using System.Text;

namespace KmsTool.Simulator.Kms;

/// <summary>The name-value pairs a ciphertext is bound to.</summary>
internal sealed class EncryptionContext
{
    /// <summary>A bound on all names and values together, in bytes of UTF-8.</summary>
    public const int MaxLength = 8192;

    private readonly SortedDictionary<string, string> _pairs = new(StringComparer.Ordinal);
    private int _length;

    public static EncryptionContext Empty { get; } = new();

    public IReadOnlyDictionary<string, string> Pairs => _pairs;

    /// <exception cref="KmsException">The pairs have become too many, or two names differ in case only.</exception>
    public void Add(string name, string value)
    {
        _length += Encoding.UTF8.GetByteCount(name) + Encoding.UTF8.GetByteCount(value);
        if (_length > MaxLength)
        {
            throw KmsException.Validation($"The encryption context is longer than {MaxLength} bytes");
        }

        // The condition keys kms:EncryptionContext:<name> know no case: two such names would be one key.
        if (_pairs.Keys.Any(known => known.Equals(name, StringComparison.OrdinalIgnoreCase)))
        {
            throw KmsException.Validation("The encryption context has two names that differ in case only");
        }

        _pairs.Add(name, value);
    }

    /// <summary>
    /// The one form a context has, whatever the order in which it was sent: each name and value in ordinal order,
    /// preceded by its length.
    /// </summary>
    public byte[] Encode()
    {
        byte[] encoded = new byte[_length + (_pairs.Count * 2 * sizeof(int))];
        Span<byte> rest = encoded;
        foreach ((string name, string value) in _pairs)
        {
            Append(name, ref rest);
            Append(value, ref rest);
        }

        return encoded;
    }

    private static void Append(string text, ref Span<byte> rest)
    {
        int length = Encoding.UTF8.GetBytes(text, rest[sizeof(int)..]);
        BinaryPrimitives.WriteInt32BigEndian(rest, length);
        rest = rest[(sizeof(int) + length)..];
    }
}
