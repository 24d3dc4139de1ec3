using KmsTool.Protocol.Nsm;

namespace KmsTool.Enclave.Nsm;

/// <summary>Asking the Nitro Secure Module for one kind of answer.</summary>
internal static class NsmExtensions
{
    /// <exception cref="NsmException">It refused, or its answer is no answer to that.</exception>
    /// <exception cref="IOException">It does not answer.</exception>
    public static async ValueTask<TResponse> AskAsync<TResponse>(this INsm nsm, NsmRequest request, CancellationToken cancellationToken)
        where TResponse : NsmResponse =>
        await nsm.SendAsync(request, cancellationToken) switch
        {
            TResponse answer => answer,
            NsmResponse.Error { Code: var code } => throw new NsmException(code, $"it refused: {code}"),
            _ => throw new NsmException(NsmErrorCode.InvalidResponse, "it answered something else than it was asked"),
        };
}
