using KmsTool.Protocol.Attestation;
using static KmsTool.Tests.Protocol.CborBytes;

namespace KmsTool.Tests.Protocol.Attestation;

/// <summary>The payload of an attestation document, member by member as CBOR, so that each can be broken by itself.</summary>
internal sealed class TestPayload
{
    private readonly List<(byte[] Key, byte[] Value)> _members;

    public TestPayload(AttestationDocument document)
    {
        _members =
        [
            (Text("module_id"), Text(document.ModuleId)),
            (Text("digest"), Text("SHA384")),
            (Text("timestamp"), Number((ulong)document.Timestamp.ToUnixTimeMilliseconds())),
            (Text("pcrs"), Map([.. document.Pcrs.SelectMany(pcr => new[] { Number((ulong)pcr.Key), Bytes(pcr.Value.ToArray()) })])),
            (Text("certificate"), Bytes(document.Certificate.ToArray())),
            (Text("cabundle"), List([.. document.CaBundle.Select(authority => Bytes(authority.ToArray()))])),
            (Text("public_key"), Null),
            (Text("user_data"), Null),
            (Text("nonce"), Null),
        ];
    }

    public byte[] Encode() => Map(Items);

    public byte[] EncodeIndefinite() => IndefiniteMap(Items);

    public TestPayload Set(string name, byte[] value)
    {
        int index = IndexOf(name);
        _members[index] = (_members[index].Key, value);
        return this;
    }

    public TestPayload Remove(string name)
    {
        _members.RemoveAt(IndexOf(name));
        return this;
    }

    public TestPayload Add(byte[] key, byte[] value)
    {
        _members.Add((key, value));
        return this;
    }

    private byte[][] Items => [.. _members.SelectMany(member => new[] { member.Key, member.Value })];

    private int IndexOf(string name) => _members.FindIndex(member => member.Key.AsSpan().SequenceEqual(Text(name)));
}
