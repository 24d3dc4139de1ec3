using KmsTool.Protocol.Attestation;
using KmsTool.Tests.Protocol;
using KmsTool.Tests.Protocol.Attestation;

namespace KmsTool.Tests.Simulator.Kms;

/// <summary>
/// An attestation document as the security module of QEMU's nitro-enclave machine makes it (hw/virtio/virtio-nsm.c): 64
/// zero bytes each for the signature, the certificate and the one member of the CA bundle, and -1 for the algorithm.
/// </summary>
internal sealed class QemuDocument
{
    private const int ZeroLength = 64;

    public QemuDocument(ReadOnlyMemory<byte> publicKey, byte[] pcr0, DateTimeOffset timestamp)
    {
        Payload = new TestPayload(new AttestationDocument
        {
            ModuleId = "i-234-enc5678",
            // Whole seconds.
            Timestamp = DateTimeOffset.FromUnixTimeSeconds(timestamp.ToUnixTimeSeconds()),
            Pcrs = Enumerable.Range(0, 16).ToDictionary(index => index, index => (ReadOnlyMemory<byte>)(index == 0 ? pcr0 : new byte[48])),
            Certificate = new byte[ZeroLength],
            CaBundle = [new byte[ZeroLength]],
        });
        Payload.Set("public_key", CborBytes.Bytes(publicKey.ToArray()));
    }

    public TestPayload Payload { get; }

    /// <summary>The map {1: -1}.</summary>
    public byte[] ProtectedHeader { get; set; } = [0xA1, 0x01, 0x20];

    public byte[] UnprotectedHeader { get; set; } = CborBytes.Map();

    public byte[] Signature { get; set; } = new byte[ZeroLength];

    public byte[] Encode() => CborBytes.List(
        CborBytes.Bytes(ProtectedHeader), UnprotectedHeader, CborBytes.Bytes(Payload.Encode()), CborBytes.Bytes(Signature));
}
