namespace KmsTool.Protocol.Nsm;

/// <summary>A Nitro Secure Module: the device of an enclave, or a stand-in for it on machines without one.</summary>
internal interface INsm : IAsyncDisposable
{
    /// <summary>
    /// Sends <paramref name="request"/> and returns the response, which may be an <see cref="NsmResponse.Error"/>. Requests
    /// may be sent from several threads; the module works on one at a time.
    /// </summary>
    /// <exception cref="NsmException">The request breaks a limit, or the response cannot be decoded.</exception>
    /// <exception cref="IOException">The module cannot be reached or failed below the protocol.</exception>
    public ValueTask<NsmResponse> SendAsync(NsmRequest request, CancellationToken cancellationToken);
}

/// <summary>Requests of which the kind of response is known.</summary>
internal static class NsmExtensions
{
    /// <summary>Sends a request and returns the response to it.</summary>
    /// <exception cref="NsmException">The module refused, or its response is to another request.</exception>
    /// <exception cref="IOException">The module does not respond.</exception>
    public static async ValueTask<TResponse> AskAsync<TResponse>(this INsm nsm, NsmRequest request, CancellationToken cancellationToken)
        where TResponse : NsmResponse =>
        await nsm.SendAsync(request, cancellationToken).ConfigureAwait(false) switch
        {
            TResponse response => response,
            NsmResponse.Error { Code: var code } => throw new NsmException(code, $"it refused: {code}"),
            _ => throw new NsmException(NsmErrorCode.InvalidResponse, "it answered something else than it was asked"),
        };
}
