using System.Security.Cryptography.X509Certificates;
using BenchmarkDotNet.Attributes;
using KmsTool.Protocol.Attestation;
using KmsTool.Simulator.Nsm;
using KmsTool.Simulator.Pki;

namespace KmsTool.Benchmarks.Micro;

/// <summary>Verifying an attestation document with a chain of Nitro's depth. Public because BenchmarkDotNet asks for it.</summary>
[MemoryDiagnoser]
public class AttestationVerifierBenchmark
{
    private const string ModuleId = "i-0123456789abcdef0-enc0123456789abcdef";

    private readonly DateTimeOffset _now = TimeProvider.System.GetUtcNow();
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("kt");
    private AttestationVerifier _verifier = null!;
    private byte[] _document = [];

    [GlobalSetup]
    public void Sign()
    {
        PrivateFile.CreateDirectory(_directory.FullName);
        using X509Certificate2 root = new AuthorityFiles(_directory.FullName).LoadOrCreateNsmRoot(_now);
        using var signer = new AttestationSigner(root, "us-east-1", "i-0123456789abcdef0", ModuleId);
        var pcrs = Enumerable.Range(0, 16).ToDictionary(static index => index, static _ => new ReadOnlyMemory<byte>(new byte[48]));
        _document = signer.Sign(
            (certificate, authorities) => new AttestationDocument
            {
                ModuleId = ModuleId,
                Digest = "SHA384",
                Timestamp = _now,
                Pcrs = pcrs,
                Certificate = certificate,
                CaBundle = authorities,
                PublicKey = new byte[294],
            },
            _now);
        _verifier = new AttestationVerifier(AttestationRoot.FromCertificate(root));
        if (!Verify())
        {
            throw new InvalidOperationException("The document that is to be verified is not valid.");
        }
    }

    [Benchmark]
    public bool Verify() => _verifier.Verify(_document, _now).IsValid;

    [GlobalCleanup]
    public void Clear() => _directory.Delete(recursive: true);
}
