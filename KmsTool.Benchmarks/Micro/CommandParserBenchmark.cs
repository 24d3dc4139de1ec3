using System.Buffers;
using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using KmsTool.Benchmarks.Load;
using KmsTool.Protocol.Messages;

namespace KmsTool.Benchmarks.Micro;

/// <summary>Reading a command out of a message. Public because BenchmarkDotNet asks for it.</summary>
[MemoryDiagnoser]
public class CommandParserBenchmark
{
    private static readonly WireMessages Messages = WireMessages.Create(
        new SessionCredentials("ASIAEXAMPLE000000000", RandomText(30), RandomText(192)), RandomText(180), RandomText(32));

    private readonly ReadOnlySequence<byte> _setClient = WithoutNul(Messages.SetClient);
    private readonly ReadOnlySequence<byte> _decrypt = WithoutNul(Messages.Decrypt);

    [Benchmark]
    public bool SetClient()
    {
        using var command = (SetClientCommand)CommandParser.Parse(_setClient);
        return command.AwsRegion is null;
    }

    [Benchmark]
    public int Decrypt() => ((DecryptCommand)CommandParser.Parse(_decrypt)).Ciphertext.Length;

    private static ReadOnlySequence<byte> WithoutNul(byte[] message) => new(message.AsMemory(0, message.Length - 1));

    private static string RandomText(int bytes) => Convert.ToBase64String(RandomNumberGenerator.GetBytes(bytes));
}
