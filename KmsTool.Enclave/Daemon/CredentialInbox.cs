using KmsTool.Enclave.Credentials;
using KmsTool.Enclave.Kms;
using KmsTool.Protocol.Messages;

namespace KmsTool.Enclave.Daemon;

/// <summary>Carries out PushCredentials: what the instance sends is what the KMS proxy signs with from then on.</summary>
/// <param name="store">Takes them; <see langword="null"/> where none are taken.</param>
internal sealed class CredentialInbox(CredentialStore? store)
{
    /// <exception cref="CommandException">This enclave takes none.</exception>
    public void Take(PushCredentialsCommand command)
    {
        if (store is null)
        {
            throw new CommandException(
                $"{ErrorTexts.Failed(PushCredentialsCommand.Name)}: this enclave does not use any that are pushed (kmstool-enclave run --credentials push)",
                ErrorCodes.CredentialsNotTaken);
        }

        store.Put(new TimedCredentials(KmsCredentials.CopyOf(command), command.Expiration));
    }
}
