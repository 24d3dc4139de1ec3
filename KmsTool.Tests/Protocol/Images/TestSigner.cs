using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KmsTool.Protocol.Attestation;

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

    public byte[] Sign(byte[] payload) => CoseSign1.Sign(payload, _key, tagged: false);

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
