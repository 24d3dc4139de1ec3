using System.Security.Cryptography.X509Certificates;
using KmsTool.Protocol.Attestation;

namespace KmsTool.Simulator.Nsm;

/// <summary>Signs attestation documents with a chain that is renewed long before its leaf expires.</summary>
internal sealed class AttestationSigner(X509Certificate2 root, string region, string instanceId, string moduleId) : IDisposable
{
    private static readonly TimeSpan RenewAfter = NsmChain.LeafLifetime / 2;

    private readonly Lock _lock = new();
    private NsmChain? _chain;
    private DateTimeOffset _issuedAt;

    /// <summary>Completes the document with the certificates and signs it, untagged as devices do.</summary>
    public byte[] Sign(Func<ReadOnlyMemory<byte>, IReadOnlyList<ReadOnlyMemory<byte>>, AttestationDocument> document, DateTimeOffset now)
    {
        // An ECDsa must not sign on two threads at once, and the device works on one request at a time too.
        lock (_lock)
        {
            NsmChain chain = Current(now);
            byte[] payload = document(chain.Certificate, chain.Authorities).EncodePayload();
            return CoseSign1.Sign(payload, chain.Key, tagged: false);
        }
    }

    public void Dispose() => _chain?.Dispose();

    private NsmChain Current(DateTimeOffset now)
    {
        // The clock may also have been set back.
        if (_chain is null || now - _issuedAt > RenewAfter || now < _issuedAt)
        {
            _chain?.Dispose();
            _chain = NsmChain.Issue(root, region, instanceId, moduleId, now);
            _issuedAt = now;
        }

        return _chain;
    }
}
