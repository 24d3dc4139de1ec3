using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using KmsTool.Enclave.Kms;
using KmsTool.Protocol;

namespace KmsTool.Benchmarks.Micro;

/// <summary>Signing a Decrypt with temporary credentials. Public because BenchmarkDotNet asks for it.</summary>
[MemoryDiagnoser]
public class SigV4SignerBenchmark : IDisposable
{
    private readonly KmsEndpoint _endpoint = KmsEndpoint.ForRegion("us-east-1", fips: false)!;
    private readonly DateTimeOffset _now = TimeProvider.System.GetUtcNow();
    private readonly byte[] _body = RandomNumberGenerator.GetBytes(6500);
    private readonly KmsCredentials _credentials = new(
        "ASIAEXAMPLE000000000", SensitiveBytes.CopyOf(RandomNumberGenerator.GetBytes(40)), Convert.ToBase64String(RandomNumberGenerator.GetBytes(192)));

    [Benchmark]
    public bool Sign()
    {
        using HttpRequestMessage request = AttestedKmsClient.CreateRequest(KmsOperation.Decrypt.Target, _body, _endpoint, _credentials, _now);
        return request.Headers.Contains("Authorization");
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _credentials.Dispose();
        GC.SuppressFinalize(this);
    }
}
