using System.Security.Cryptography;
using KmsTool.Protocol;
using KmsTool.Protocol.Recipient;

namespace KmsTool.Tests.Protocol.Recipient;

public sealed class RecipientKeyPairTests
{
    public static TheoryData<int, int> Shapes
    {
        get
        {
            var shapes = new TheoryData<int, int>();
            foreach (int length in new[] { 0, 1, 15, 16, 17, 32, 1024, 4096 })
            {
                foreach (int chunks in new[] { 0, 1, 2, 16 })
                {
                    shapes.Add(length, chunks);
                }
            }
            return shapes;
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Open_what_Seal_made_in_any_shape_gives_the_plaintext(int length, int chunks)
    {
        using RecipientKeyPair keyPair = RecipientKeyPair.Generate();
        byte[] plaintext = RandomNumberGenerator.GetBytes(length);
        RecipientEnvelopeShape shape = chunks == 0 ? RecipientEnvelopeShape.Primitive : RecipientEnvelopeShape.Constructed(chunks);

        byte[] envelope = RecipientEnvelope.Seal(plaintext, keyPair.PublicKey.Span, shape);
        using SensitiveBytes opened = keyPair.Open(envelope);

        Assert.Equal(plaintext, opened.Span.ToArray());
    }
}
