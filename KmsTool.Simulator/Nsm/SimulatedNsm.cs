using System.Security.Cryptography;
using KmsTool.Protocol.Attestation;
using KmsTool.Protocol.Nsm;

namespace KmsTool.Simulator.Nsm;

/// <summary>The Nitro Secure Module of one enclave.</summary>
internal sealed class SimulatedNsm(PcrBank pcrs, string moduleId, AttestationSigner signer, TimeProvider timeProvider) : INsm
{
    private const string Digest = "SHA384";
    private const int MaxExtendLength = 512;

    /// <summary>The PCRs, which may be changed while the module is in use.</summary>
    public PcrBank Pcrs => pcrs;

    public ValueTask<NsmResponse> SendAsync(NsmRequest request, CancellationToken cancellationToken) => ValueTask.FromResult(Execute(request));

    public ValueTask DisposeAsync()
    {
        signer.Dispose();
        return ValueTask.CompletedTask;
    }

    private NsmResponse Execute(NsmRequest request) => request switch
    {
        NsmRequest.DescribeNsm => new NsmResponse.DescribeNsm(1, 0, 0, moduleId, PcrBank.Count, pcrs.LockedIndices, Digest),
        NsmRequest.DescribePcr describe => Describe(describe.Index),
        NsmRequest.ExtendPcr extend => Extend(extend),
        NsmRequest.LockPcr lockPcr => pcrs.TryLock(lockPcr.Index) ? new NsmResponse.LockPcr() : new NsmResponse.Error(NsmErrorCode.ReadOnlyIndex),
        NsmRequest.LockPcrs lockPcrs => Lock(lockPcrs.Range),
        NsmRequest.Attestation attestation => Attest(attestation),
        NsmRequest.GetRandom => new NsmResponse.GetRandom(RandomNumberGenerator.GetBytes(NsmLimits.MaxRandomLength)),
        _ => new NsmResponse.Error(NsmErrorCode.InvalidOperation),
    };

    private NsmResponse.DescribePcr Describe(ushort index)
    {
        (bool isLocked, byte[] value) = pcrs.Read(index);
        return new NsmResponse.DescribePcr(isLocked, value);
    }

    private NsmResponse Extend(NsmRequest.ExtendPcr extend)
    {
        if (extend.Data.Length > MaxExtendLength)
        {
            return new NsmResponse.Error(NsmErrorCode.InputTooLarge);
        }

        return pcrs.Extend(extend.Index, extend.Data.Span) is { } value
            ? new NsmResponse.ExtendPcr(value)
            : new NsmResponse.Error(NsmErrorCode.ReadOnlyIndex);
    }

    private NsmResponse.LockPcrs Lock(ushort range)
    {
        pcrs.LockFirst(range);
        return new NsmResponse.LockPcrs();
    }

    private NsmResponse.Attestation Attest(NsmRequest.Attestation request)
    {
        DateTimeOffset now = timeProvider.GetUtcNow();
        byte[] document = signer.Sign(
            (certificate, authorities) => new AttestationDocument
            {
                ModuleId = moduleId,
                Digest = Digest,
                Timestamp = now,
                Pcrs = pcrs.LockedValues,
                Certificate = certificate,
                CaBundle = authorities,
                PublicKey = request.PublicKey,
                UserData = request.UserData,
                Nonce = request.Nonce,
            },
            now);
        return new NsmResponse.Attestation(document);
    }
}
