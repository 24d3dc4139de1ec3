using System.Buffers;
using System.Text;
using KmsTool.Protocol.Messages;

namespace KmsTool.Tests.Protocol.Messages;

public class CommandParserTests
{
    private const string SetClient =
        """{"Operation":"SetClient","AwsAccessKeyId":"AKIDEXAMPLE","AwsSecretAccessKey":"a\/b\u002Bc","AwsSessionToken":"t==","AwsRegion":"eu-west-1"}""";

    private const string Decrypt =
        """{"Operation":"Decrypt","Ciphertext":"AQID","EncryptionContext":{"a":"b"},"KeyId":"k","GrantTokens":["g"]}""";

    [Fact]
    public void SetClient_isReadWithItsEscapesResolved()
    {
        using SetClientCommand command = Assert.IsType<SetClientCommand>(Parse(SetClient));

        Assert.Equal("AKIDEXAMPLE", command.AwsAccessKeyId);
        Assert.Equal("a/b+c", Encoding.UTF8.GetString(command.AwsSecretAccessKey.Span));
        Assert.Equal("t==", Encoding.UTF8.GetString(command.AwsSessionToken!.Span));
        Assert.Equal("eu-west-1", command.AwsRegion);
    }

    [Fact]
    public void Commands_neverPrintWhatTheyHold()
    {
        using var command = (SetClientCommand)Parse(SetClient);

        Assert.Equal("SetClient", command.ToString());
        Assert.Equal("***", command.AwsSecretAccessKey.ToString());
        Assert.Equal("Decrypt", Parse(Decrypt).ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("has space")]
    [InlineData("has/slash")]
    [InlineData("has,comma")]
    [InlineData("line\\nbreak")]
    public void SetClient_withAccessKeyThatBreaksTheAuthorizationHeader_isRefused(string id)
    {
        InvalidCommand invalid = Assert.IsType<InvalidCommand>(Parse($$"""{"Operation":"SetClient","AwsAccessKeyId":"{{id}}","AwsSecretAccessKey":"s"}"""));

        Assert.StartsWith("Could not read credentials", invalid.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a\\r\\nHost: evil")]
    [InlineData("a b")]
    [InlineData("\\u0000")]
    [InlineData("é")]
    public void SetClient_withTokenThatBreaksTheHeader_isRefusedWithoutQuotingIt(string token)
    {
        InvalidCommand invalid = Assert.IsType<InvalidCommand>(Parse(
            $$"""{"Operation":"SetClient","AwsAccessKeyId":"AKID","AwsSecretAccessKey":"s","AwsSessionToken":"{{token}}"}"""));

        Assert.Equal("Could not read credentials: a secret is empty or malformed", invalid.Message);
    }

    [Fact]
    public void SetClient_withEmptyToken_hasNone()
    {
        using SetClientCommand command = Assert.IsType<SetClientCommand>(Parse(
            """{"Operation":"SetClient","AwsAccessKeyId":"AKID","AwsSecretAccessKey":"s","AwsSessionToken":""}"""));

        Assert.Null(command.AwsSessionToken);
    }

    [Fact]
    public void Commands_splitOverSegments_areReadTheSame()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Decrypt);
        for (int split = 1; split < bytes.Length; split++)
        {
            DecryptCommand command = Assert.IsType<DecryptCommand>(CommandParser.Parse(TwoSegments(bytes, split)));
            Assert.Equal([1, 2, 3], command.Ciphertext.ToArray());
        }
    }

    /// <summary>Deterministic: the seed is fixed, so a failure can be run again.</summary>
    [Theory]
    [InlineData(SetClient)]
    [InlineData(Decrypt)]
    public void Mutations_areCommandsOrRefusals(string message)
    {
        var random = new Random(20261121);
        byte[] original = Encoding.UTF8.GetBytes(message);
        for (int i = 0; i < 5000; i++)
        {
            byte[] mutated = original[..random.Next(1, original.Length + 1)];
            for (int flips = random.Next(4); flips > 0; flips--)
            {
                mutated[random.Next(mutated.Length)] = (byte)random.Next(256);
            }

            EnclaveCommand command = CommandParser.Parse(new ReadOnlySequence<byte>(mutated));

            if (command is InvalidCommand invalid)
            {
                Assert.NotEmpty(invalid.Message);
            }
            else
            {
                Assert.True(command is SetClientCommand or DecryptCommand);
            }
        }
    }

    private static EnclaveCommand Parse(string message) => CommandParser.Parse(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(message)));

    private static ReadOnlySequence<byte> TwoSegments(byte[] bytes, int split)
    {
        var first = new Segment(bytes.AsMemory(0, split));
        Segment second = first.Append(bytes.AsMemory(split));
        return new ReadOnlySequence<byte>(first, 0, second, second.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory) => Memory = memory;

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory) { RunningIndex = RunningIndex + Memory.Length };
            Next = next;
            return next;
        }
    }
}
