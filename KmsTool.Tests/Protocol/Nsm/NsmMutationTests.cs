using KmsTool.Protocol.Nsm;

namespace KmsTool.Tests.Protocol.Nsm;

/// <summary>Damaged messages: refused in the one expected way, or understood as another valid message.</summary>
public sealed class NsmMutationTests
{
    private static readonly NsmRequest[] Requests =
    [
        new NsmRequest.DescribeNsm(),
        new NsmRequest.DescribePcr(16),
        new NsmRequest.ExtendPcr(31, new byte[] { 1, 2 }),
        new NsmRequest.LockPcr(0),
        new NsmRequest.LockPcrs(32),
        new NsmRequest.Attestation(new byte[40], null, new byte[300]),
        new NsmRequest.GetRandom(),
    ];

    private static readonly NsmResponse[] Responses =
    [
        new NsmResponse.DescribeNsm(1, 0, 2, "i-0123-enc4567", 32, [0, 1, 2], "SHA384"),
        new NsmResponse.DescribePcr(true, new byte[48]),
        new NsmResponse.ExtendPcr(new byte[48]),
        new NsmResponse.LockPcr(),
        new NsmResponse.LockPcrs(),
        new NsmResponse.Attestation(new byte[300]),
        new NsmResponse.GetRandom(new byte[256]),
        new NsmResponse.Error(NsmErrorCode.InternalError),
    ];

    [Fact]
    public void Decode_truncated_at_any_length_is_refused()
    {
        foreach (byte[] encoded in Requests.Select(request => request.Encode()))
        {
            AssertTruncationsAreRefused(encoded, bytes => NsmRequest.Decode(bytes));
        }
        foreach (byte[] encoded in Responses.Select(response => response.Encode()))
        {
            AssertTruncationsAreRefused(encoded, bytes => NsmResponse.Decode(bytes));
        }
    }

    [Fact]
    public void Decode_with_any_bit_flipped_is_refused_or_another_message()
    {
        foreach (byte[] encoded in Requests.Select(request => request.Encode()))
        {
            foreach (byte[] mutated in Mutations.EveryBit(encoded))
            {
                AssertRefusedOrStable(mutated, bytes => NsmRequest.Decode(bytes).Encode());
            }
        }
        foreach (byte[] encoded in Responses.Select(response => response.Encode()))
        {
            foreach (byte[] mutated in Mutations.EveryBit(encoded))
            {
                AssertRefusedOrStable(mutated, bytes => NsmResponse.Decode(bytes).Encode());
            }
        }
    }

    [Fact]
    public void Decode_randomly_rearranged_is_refused_or_another_message()
    {
        var random = new Random(20260314);
        byte[][] requests = [.. Requests.Select(request => request.Encode())];
        byte[][] responses = [.. Responses.Select(response => response.Encode())];
        for (int i = 0; i < 3_000; i++)
        {
            AssertRefusedOrStable(Mutations.Random(random, requests), bytes => NsmRequest.Decode(bytes).Encode());
            AssertRefusedOrStable(Mutations.Random(random, responses), bytes => NsmResponse.Decode(bytes).Encode());
        }
    }

    private static void AssertTruncationsAreRefused(byte[] encoded, Action<byte[]> decode) =>
        Assert.All(Enumerable.Range(0, encoded.Length), length => Assert.Throws<NsmException>(() => decode(encoded[..length])));

    /// <summary>What is accepted must mean one thing: encoded again and again, it stays the same.</summary>
    private static void AssertRefusedOrStable(byte[] mutated, Func<byte[], byte[]> decodeAndEncode)
    {
        try
        {
            byte[] once = decodeAndEncode(mutated);
            Assert.Equal(once, decodeAndEncode(once));
        }
        catch (NsmException)
        {
            // Refused, as it should be.
        }
    }
}
