using System.Globalization;
using System.Reflection;
using KmsTool.Enclave.Kms;
using KmsTool.Protocol.Messages;
using KmsTool.Protocol.Nsm;

namespace KmsTool.Enclave.Daemon;

/// <summary>Carries out Describe and Attest: what the enclave says of itself, and what the Nitro Secure Module signs.</summary>
internal sealed class DescribeAndAttestHandler(
    INsm nsm, KmsPins pins, EnclavePins configured, DaemonLimits limits, DaemonCounters counters, TimeProvider time) : IDisposable
{
    private static readonly string Version =
        typeof(DescribeAndAttestHandler).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";

    private readonly long _started = time.GetTimestamp();

    // The Nitro Secure Module does one thing at a time: however many peers ask, one question of theirs is before a recipient's.
    private readonly SemaphoreSlim _turn = new(1);

    /// <exception cref="KmsException">A pin forbids it, or the Nitro Secure Module does not answer.</exception>
    public async Task<DescribeResponse> DescribeAsync(CancellationToken cancellationToken)
    {
        pins.CheckOperation(DescribeCommand.Name);
        NsmResponse.DescribeNsm module = await AskAsync<NsmResponse.DescribeNsm>(new NsmRequest.DescribeNsm(), cancellationToken);
        var pcrs = new Dictionary<string, string>();
        bool debugMode = false;
        for (ushort index = 0; index < Math.Min((int)module.MaxPcrs, NsmLimits.PcrCount); index++)
        {
            NsmResponse.DescribePcr pcr = await AskAsync<NsmResponse.DescribePcr>(new NsmRequest.DescribePcr(index), cancellationToken);
            bool isZero = !pcr.Data.Span.ContainsAnyExcept((byte)0);
            debugMode |= index == 0 && isZero;
            if (pcr.Lock || !isZero)
            {
                pcrs[index.ToString(CultureInfo.InvariantCulture)] = Convert.ToHexStringLower(pcr.Data.Span);
            }
        }

        return new DescribeResponse
        {
            Version = Version,
            UptimeSeconds = (long)time.GetElapsedTime(_started).TotalSeconds,
            ModuleId = module.ModuleId,
            DebugMode = debugMode,
            Pcrs = pcrs,
            Pins = configured,
            Limits = new EnclaveLimits
            {
                MaxMessageSize = limits.MaxMessageLength,
                MessageBudget = limits.MessageBudget,
                MaxConnections = limits.MaxConnections,
                MaxPending = limits.MaxPending,
                IdleTimeoutSeconds = limits.IdleTimeout.TotalSeconds,
                RequestTimeoutSeconds = limits.RequestTimeout.TotalSeconds,
                SendTimeoutSeconds = limits.SendTimeout.TotalSeconds,
            },
            Counters = counters.Read(),
        };
    }

    /// <exception cref="KmsException">A pin forbids it, or the Nitro Secure Module does not answer.</exception>
    public async Task<AttestResponse> AttestAsync(AttestCommand command, CancellationToken cancellationToken)
    {
        pins.CheckOperation(AttestCommand.Name);
        NsmResponse.Attestation attestation = await AskAsync<NsmResponse.Attestation>(
            new NsmRequest.Attestation(command.UserData, command.Nonce, PublicKey: null), cancellationToken);
        return new AttestResponse { Document = attestation.Document };
    }

    public void Dispose() => _turn.Dispose();

    private async Task<TResponse> AskAsync<TResponse>(NsmRequest request, CancellationToken cancellationToken)
        where TResponse : NsmResponse
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            return await nsm.AskAsync<TResponse>(request, cancellationToken);
        }
        catch (Exception e) when (e is NsmException or IOException)
        {
            throw KmsException.NoAttestation(e);
        }
        finally
        {
            _turn.Release();
        }
    }
}
