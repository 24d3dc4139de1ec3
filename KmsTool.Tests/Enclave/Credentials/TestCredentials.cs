using KmsTool.Enclave.Credentials;
using KmsTool.Enclave.Kms;
using KmsTool.Protocol;

namespace KmsTool.Tests.Enclave.Credentials;

/// <summary>Credentials of a name, which a test can see being cleared.</summary>
internal sealed class TestCredentials(string id)
{
    private readonly SensitiveBytes _secret = SensitiveBytes.CopyOf("SECRET"u8);

    public string Id => id;

    public bool IsCleared
    {
        get
        {
            try
            {
                return _secret.Memory.IsEmpty;
            }
            catch (ObjectDisposedException)
            {
                return true;
            }
        }
    }

    public TimedCredentials Timed(DateTimeOffset? expiration = null) => new(new KmsCredentials(id, _secret, sessionToken: null), expiration);
}
