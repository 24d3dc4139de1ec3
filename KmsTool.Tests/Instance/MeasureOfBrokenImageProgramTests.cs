using KmsTool.Protocol.Images;
using KmsTool.Tests.Protocol;
using KmsTool.Tests.Protocol.Images;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance;

/// <summary>measure of an image for each rule of the format, broken: one line that names the field, and exit code 1.</summary>
public sealed class MeasureOfBrokenImageProgramTests : IDisposable
{
    private static readonly Dictionary<EnclaveImageFailure, (string Reason, Func<byte[]> Make)> Broken = Images();

    private readonly TempDirectory _directory = new();

    public static TheoryData<string> Rules => [.. Broken.Keys.Select(rule => rule.ToString())];

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Rules))]
    public async Task Measure_of_an_image_that_breaks_a_rule_names_the_field(string rule)
    {
        (string reason, Func<byte[]> make) = Broken[Enum.Parse<EnclaveImageFailure>(rule)];
        byte[] image = make();
        await File.WriteAllBytesAsync(_directory["image.eif"], image);

        ProgramResult file = await ProgramRunner.RunAsync("kmstool-instance", ["measure", _directory["image.eif"]]);
        ProgramResult stdin = await ProgramRunner.RunAsync("kmstool-instance", ["measure", "-", "--output", "json"], input: image);

        Assert.Equal((1, 1, "", ""), (file.ExitCode, stdin.ExitCode, file.Output, stdin.Output));
        Assert.StartsWith($"kmstool-instance: {_directory["image.eif"]} is not a valid enclave image: {reason}", file.Error, StringComparison.Ordinal);
        Assert.StartsWith("kmstool-instance: - is not a valid enclave image: ", stdin.Error, StringComparison.Ordinal);
        Assert.All([file, stdin], result => Assert.Single(result.Error.TrimEnd('\n').Split('\n')));
    }

    [Fact]
    public void Every_rule_has_a_test() => Assert.Empty(Enum.GetValues<EnclaveImageFailure>().Except(Broken.Keys));

    private static Dictionary<EnclaveImageFailure, (string Reason, Func<byte[]> Make)> Images()
    {
        var broken = new Dictionary<EnclaveImageFailure, (string Reason, Func<byte[]> Make)>
        {
            [EnclaveImageFailure.Truncated] = ("header: the file ends after 100 bytes", () => TestImage.CreateSmall().Encode()[..100]),
            [EnclaveImageFailure.SectionTooLong] = ("section[1].size: a command line of 65537 bytes", () => With(1, TestImage.CommandLineType, new byte[65537])),
            [EnclaveImageFailure.Checksum] = ("eif_crc32: 0x", () => Damaged()),
            [EnclaveImageFailure.Metadata] = ("metadata: not JSON", () => With(2, TestImage.MetadataType, [0x7B])),
            [EnclaveImageFailure.SignatureMalformed] = ("signature: ", () => With(2, TestImage.SignatureType, [.. Enumerable.Repeat<byte>(0x81, 60_000)])),
            [EnclaveImageFailure.SigningCertificate] = ("signature.signing_certificate: no certificate", () => Signed((signer, pcr0) => TestSigner.Section(CborBytes.Text(""), Signature(signer, pcr0)))),
            [EnclaveImageFailure.SignedPcr] = ("signature.register_value: ", () => Signed((signer, _) => signer.Section(new string('0', 96)))),
            [EnclaveImageFailure.SignatureInvalid] = ("signature.signature: not made by the key", () => Signed(SignedByAnother)),
        };
        foreach (object[] field in EnclaveImageStructureTests.Fields.Cast<object[]>())
        {
            broken.TryAdd((EnclaveImageFailure)field[3], ((string)field[4], () => TestImage.CreateSmall().EncodeWith((int)field[0], (ulong)field[1], (int)field[2])));
        }

        return broken;
    }

    private static byte[] Damaged()
    {
        byte[] image = TestImage.CreateSmall().Encode();
        image[^1] ^= 1;
        return image;
    }

    private static byte[] With(int section, ushort type, byte[] content)
    {
        var image = TestImage.CreateSmall();
        image.Sections[section] = (type, content);
        return image.Encode();
    }

    private static byte[] Signed(Func<TestSigner, string, byte[]> section)
    {
        using var signer = new TestSigner();
        var image = TestImage.CreateSmall();
        image.Sections.Add((TestImage.SignatureType, section(signer, image.Pcr0())));
        return image.Encode();
    }

    private static byte[] SignedByAnother(TestSigner signer, string pcr0)
    {
        using var other = new TestSigner();
        return TestSigner.Section(CborBytes.Text(other.Pem), Signature(signer, pcr0));
    }

    private static byte[] Signature(TestSigner signer, string pcr0) =>
        CborBytes.Bytes(signer.Sign(TestSigner.Payload(0, TestSigner.Numbers(Convert.FromHexString(pcr0)))));
}
