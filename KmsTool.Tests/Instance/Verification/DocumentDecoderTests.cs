using System.Text;
using KmsTool.Instance.Verification;
using KmsTool.Protocol.Attestation;
using KmsTool.Tests.Protocol.Attestation;

namespace KmsTool.Tests.Instance.Verification;

/// <summary>The encodings in which verify-attestation takes a document.</summary>
public sealed class DocumentDecoderTests
{
    // One byte more than a multiple of three, so that padding is needed.
    private static readonly byte[] Document = [0x84, 0x44, 0xA1, .. Enumerable.Range(0, 253).Select(i => (byte)i), 0xFB, 0xFF, 0xFE, 0x3E, 0x3F];

    private static readonly string Base64 = Convert.ToBase64String(Document);
    private static readonly string Base64Url = Base64.Replace('+', '-').Replace('/', '_');
    private static readonly string Hex = Convert.ToHexStringLower(Document);

    private static readonly Dictionary<string, byte[]> Forms = new()
    {
        ["bytes"] = Document,
        ["base64"] = Ascii(Base64),
        ["base64 and a line break"] = Ascii(Base64 + "\r\n"),
        ["base64 without padding"] = Ascii(Base64.TrimEnd('=')),
        ["base64 in lines"] = Ascii(InLines(Base64, "\n")),
        ["base64 in lines without padding"] = Ascii(InLines(Base64.TrimEnd('='), "\r\n")),
        ["base64 in UTF-16"] = [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(InLines(Base64, "\r\n"))],
        ["base64 in UTF-8 with a byte order mark"] = [.. Encoding.UTF8.Preamble, .. Ascii(Base64)],
        ["base64url"] = Ascii(Base64Url),
        ["base64url without padding"] = Ascii(Base64Url.TrimEnd('=')),
        ["base64url in lines"] = Ascii(InLines(Base64Url.TrimEnd('='), "\n")),
        ["hex"] = Ascii(Hex),
        ["upper-case hex"] = Ascii(Hex.ToUpperInvariant()),
        ["hex with 0x"] = Ascii("0x" + Hex + "\n"),
        ["hex with 0X in lines"] = Ascii(InLines("0X" + Hex, "\n")),
        ["hex in lines"] = Ascii(InLines(Hex, "\r\n")),
        ["JSON with base64"] = Ascii($$"""{"Document":"{{Base64}}"}"""),
        ["JSON with base64url"] = Ascii($$"""{"attestation_doc":"{{Base64Url.TrimEnd('=')}}"}"""),
        ["JSON with hex"] = Ascii($$"""{"x":"0x{{Hex}}"}"""),
        ["JSON with base64 in lines"] = Ascii($$"""{"x":"{{InLines(Base64, "\\n")}}"}"""),
        ["JSON in lines with escapes and other members"] = Ascii($$"""
             {
               "status": 200, "nested": {"a": "b"}, "none": null,
               "document": "{{Base64.Replace("/", "\\/", StringComparison.Ordinal)}}"
             }
            """),
    };

    public static TheoryData<string> FormNames => [.. Forms.Keys];

    [Theory]
    [MemberData(nameof(FormNames))]
    public void Decode_each_encoding_yields_the_document(string form) => Assert.Equal(Document, DocumentDecoder.Decode(Forms[form]));

    /// <summary>The verifier says what is wrong; nothing is guessed.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("not a document!")]
    [InlineData("0x123")]
    [InlineData("hEShA===")]
    [InlineData("{}")]
    [InlineData("""{"a":"hESh","b":"hESh"}""")]
    [InlineData("""{"a":"hESh","a":"hESh"}""")]
    [InlineData("""{"a":1}""")]
    [InlineData("""{"a":{"b":"hESh"}}""")]
    [InlineData("""{"a":["hESh"]}""")]
    [InlineData("""{"a":"{\"b\":\"hESh\"}"}""")]
    [InlineData("""{"a":"\ud800"}""")]
    [InlineData("""{"a":"hESh"} x""")]
    [InlineData("{")]
    public void Decode_any_other_text_is_not_a_document(string text)
    {
        byte[] read = DocumentDecoder.Decode(Ascii(text));

        AttestationVerdict verdict = new AttestationVerifier(AttestationRoot.Aws).Verify(read, TestChain.Now);
        Assert.Equal(AttestationFailure.CoseMalformed, verdict.Failure);
    }

    [Fact]
    public void Decode_largest_document_in_its_longest_encodings()
    {
        byte[] largest = new byte[AttestationVerifier.MaxDocumentLength];
        largest[0] = 0x84;
        string spaced = string.Join(' ', largest.Select(value => value.ToString("x2")));

        Assert.Equal(largest, DocumentDecoder.Decode([.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(spaced)]));
        Assert.Equal(largest, DocumentDecoder.Decode([.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes($$"""{"Document":"{{Convert.ToBase64String(largest)}}"}""")]));
    }

    private static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);

    private static string InLines(string text, string lineBreak) => string.Join(lineBreak, text.Chunk(76).Select(line => new string(line)));
}
