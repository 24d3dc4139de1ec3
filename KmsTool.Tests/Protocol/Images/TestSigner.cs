using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace KmsTool.Tests.Protocol.Images;

/// <summary>Signs images as AWS's tools do, with a self-signed certificate that has long expired.</summary>
internal sealed class TestSigner : IDisposable
{
    private readonly ECDsa _key;

    public TestSigner(ECCurve? curve = null)
    {
        _key = ECDsa.Create(curve ?? ECCurve.NamedCurves.nistP384);
        using X509Certificate2 certificate = new CertificateRequest("CN=signer, O=Example", _key, HashAlgorithmName.SHA384)
            .CreateSelfSigned(NotBefore, NotAfter);
        Certificate = certificate.RawData;
    }

    public static DateTimeOffset NotBefore { get; } = new(2020, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public static DateTimeOffset NotAfter { get; } = new(2021, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <summary>DER.</summary>
    public byte[] Certificate { get; }

    public string Pem => PemEncoding.WriteString("CERTIFICATE", Certificate) + "\n";

    public ECDsa Key => _key;

    /// <summary>The signature section that AWS's tools write: every byte of it a number in an array.</summary>
    public byte[] Section(string pcr0) => Section(Numbers(Encoding.ASCII.GetBytes(Pem)), Numbers(Sign(Payload(0, Numbers(Convert.FromHexString(pcr0))))));

    public static byte[] Section(byte[] certificate, byte[] signature) => CborBytes.List(Pair(certificate, signature));

    public static byte[] Pair(byte[] certificate, byte[] signature) =>
        CborBytes.Map(CborBytes.Text("signing_certificate"), certificate, CborBytes.Text("signature"), signature);

    public static byte[] Payload(ulong index, byte[] value) =>
        CborBytes.Map(CborBytes.Text("register_index"), CborBytes.Number(index), CborBytes.Text("register_value"), value);

    /// <summary>The protected header of the algorithm that belongs to a curve: ES256, ES384 or ES512 (RFC 9053 section 2.1).</summary>
    public static byte[] ProtectedHeader(int curveBits) => curveBits switch
    {
        256 => [0xA1, 0x01, 0x26],
        384 => [0xA1, 0x01, 0x38, 0x22],
        _ => [0xA1, 0x01, 0x38, 0x23],
    };

    /// <summary>COSE_Sign1 by the algorithm of the key's curve, or by another one's header and hash.</summary>
    public byte[] Sign(byte[] payload, int? curveBits = null)
    {
        int bits = curveBits ?? _key.KeySize;
        HashAlgorithmName hash = bits switch
        {
            256 => HashAlgorithmName.SHA256,
            384 => HashAlgorithmName.SHA384,
            _ => HashAlgorithmName.SHA512,
        };
        byte[] signature = _key.SignData(ToBeSigned(ProtectedHeader(bits), payload), hash);
        return Cose(ProtectedHeader(bits), payload, signature);
    }

    public static byte[] Cose(byte[] protectedHeader, byte[] payload, byte[] signature) =>
        CborBytes.List(CborBytes.Bytes(protectedHeader), CborBytes.Map(), CborBytes.Bytes(payload), CborBytes.Bytes(signature));

    public static byte[] ToBeSigned(byte[] protectedHeader, byte[] payload) =>
        CborBytes.List(CborBytes.Text("Signature1"), CborBytes.Bytes(protectedHeader), CborBytes.Bytes(), CborBytes.Bytes(payload));

    public static byte[] Numbers(byte[] bytes)
    {
        var writer = new CborWriter();
        writer.WriteStartArray(bytes.Length);
        foreach (byte value in bytes)
        {
            writer.WriteUInt32(value);
        }
        writer.WriteEndArray();
        return writer.Encode();
    }

    public void Dispose() => _key.Dispose();
}
