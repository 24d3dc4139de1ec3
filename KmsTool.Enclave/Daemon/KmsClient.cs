using KmsTool.Enclave.Kms;
using KmsTool.Protocol.Messages;

namespace KmsTool.Enclave.Daemon;

/// <summary>What SetClient gives a connection: credentials and an endpoint. Clears the credentials when disposed.</summary>
internal sealed class KmsClient(AttestedKmsClient kms, KmsReplies replies, KmsEndpoint endpoint, KmsCredentials credentials) : IDisposable
{
    /// <summary>Has KMS carry out the command.</summary>
    /// <returns>The reply, which the caller owns.</returns>
    /// <exception cref="KmsException">A pin or KMS refused, KMS was not reached, or its answer cannot be accepted.</exception>
    public async Task<SuccessReply> ExecuteAsync(KmsCommand command, CancellationToken cancellationToken)
    {
        using KmsAnswer answer = await kms.SendAsync(CommandRequest.Of(command), endpoint, credentials, cancellationToken);
        return answer switch
        {
            KmsAnswer.Opened opened => replies.Make(command, opened),
            KmsAnswer.Refused refused => throw new KmsException(refused.Code, refused.Message),
            _ => throw new InvalidOperationException("Commands are about secrets, which are opened."),
        };
    }

    public void Dispose() => credentials.Dispose();
}
