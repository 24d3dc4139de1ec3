using System.Formats.Cbor;
using System.Text;
using System.Text.Unicode;

namespace KmsTool.Protocol.Cbor;

/// <summary>
/// Reads the CBOR (RFC 8949) that NSM devices write, and nothing looser: no tags, no indefinite-length strings, no
/// duplicate keys, no bytes after the value. Indefinite-length maps and arrays are taken, because current devices write
/// the attestation payload as one. Every violation is a <see cref="CborContentException"/> that names the rule.
/// </summary>
internal sealed class StrictCborReader(ReadOnlyMemory<byte> encoded)
{
    private readonly CborReader _reader = new(encoded, CborConformanceMode.Strict);

    public bool IsTextNext => _reader.PeekState() == CborReaderState.TextString;

    /// <summary>Enters an array of a definite length.</summary>
    public int ReadStartFixedArray()
    {
        Expect(CborReaderState.StartArray, "an array");
        return _reader.ReadStartArray() ?? throw new CborContentException("the array has an indefinite length");
    }

    public void ReadStartArray()
    {
        Expect(CborReaderState.StartArray, "an array");
        _reader.ReadStartArray();
    }

    /// <summary>Leaves the array when all of it has been read; otherwise does nothing and returns false.</summary>
    public bool TryReadEndArray()
    {
        if (_reader.PeekState() != CborReaderState.EndArray)
        {
            return false;
        }
        _reader.ReadEndArray();
        return true;
    }

    /// <summary>Enters a map of a definite length.</summary>
    public int ReadStartFixedMap()
    {
        Expect(CborReaderState.StartMap, "a map");
        return _reader.ReadStartMap() ?? throw new CborContentException("the map has an indefinite length");
    }

    public void ReadStartMap()
    {
        Expect(CborReaderState.StartMap, "a map");
        _reader.ReadStartMap();
    }

    /// <summary>Leaves the map when all of it has been read; otherwise does nothing and returns false.</summary>
    public bool TryReadEndMap()
    {
        if (_reader.PeekState() != CborReaderState.EndMap)
        {
            return false;
        }
        _reader.ReadEndMap();
        return true;
    }

    public string ReadText(int maxLength)
    {
        Expect(CborReaderState.TextString, "text of definite length");
        ReadOnlySpan<byte> utf8 = _reader.ReadDefiniteLengthTextStringBytes().Span;
        if (utf8.Length > maxLength)
        {
            throw new CborContentException($"text of {utf8.Length} bytes, more than {maxLength}");
        }
        return Utf8.IsValid(utf8) ? Encoding.UTF8.GetString(utf8) : throw new CborContentException("text is not UTF-8");
    }

    /// <summary>The byte string, as a slice of the input.</summary>
    public ReadOnlyMemory<byte> ReadBytes()
    {
        Expect(CborReaderState.ByteString, "bytes of definite length");
        return _reader.ReadDefiniteLengthByteString();
    }

    /// <summary>The byte string, or null for the simple value null.</summary>
    public ReadOnlyMemory<byte>? ReadBytesOrNull()
    {
        if (_reader.PeekState() == CborReaderState.Null)
        {
            _reader.ReadNull();
            return null;
        }
        return ReadBytes();
    }

    /// <summary>Bytes as a byte string or as an array of numbers up to 255, which is how serde of Rust writes them.</summary>
    public byte[] ReadBytesOrNumbers()
    {
        if (_reader.PeekState() != CborReaderState.StartArray)
        {
            return ReadBytes().ToArray();
        }
        ReadStartFixedArray();
        // Grows with what is there, not with the length that is claimed.
        var bytes = new List<byte>();
        while (!TryReadEndArray())
        {
            ulong number = ReadUnsigned();
            bytes.Add(number <= byte.MaxValue ? (byte)number : throw new CborContentException($"{number} is not a byte"));
        }
        return [.. bytes];
    }

    public ulong ReadUnsigned()
    {
        Expect(CborReaderState.UnsignedInteger, "an unsigned integer");
        return _reader.ReadUInt64();
    }

    public ushort ReadUInt16()
    {
        ulong value = ReadUnsigned();
        return value <= ushort.MaxValue ? (ushort)value : throw new CborContentException($"{value} does not fit 16 bits");
    }

    public bool ReadBoolean()
    {
        Expect(CborReaderState.Boolean, "true or false");
        return _reader.ReadBoolean();
    }

    /// <summary>Consumes tag <paramref name="tag"/> when it comes next; any other tag is an error where a value is read.</summary>
    public bool TryReadTag(CborTag tag)
    {
        if (_reader.PeekState() != CborReaderState.Tag || _reader.PeekTag() != tag)
        {
            return false;
        }
        _reader.ReadTag();
        return true;
    }

    public void ThrowIfNotAtEnd()
    {
        if (_reader.BytesRemaining != 0)
        {
            throw new CborContentException($"{_reader.BytesRemaining} bytes after the value");
        }
    }

    private void Expect(CborReaderState expected, string what)
    {
        CborReaderState actual = _reader.PeekState();
        if (actual != expected)
        {
            throw new CborContentException($"expected {what}, found {actual}");
        }
    }
}
