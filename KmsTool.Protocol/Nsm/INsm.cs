namespace KmsTool.Protocol.Nsm;

/// <summary>A Nitro Secure Module: the device of an enclave, or a stand-in for it on machines without one.</summary>
public interface INsm : IAsyncDisposable
{
    /// <summary>
    /// Sends <paramref name="request"/> and returns the answer, which may be an <see cref="NsmResponse.Error"/>. Requests
    /// may be sent from several threads; the module works on one at a time.
    /// </summary>
    /// <exception cref="NsmException">The request breaks a limit, or the answer cannot be decoded.</exception>
    /// <exception cref="IOException">The module cannot be reached or failed below the protocol.</exception>
    public ValueTask<NsmResponse> SendAsync(NsmRequest request, CancellationToken cancellationToken);
}
