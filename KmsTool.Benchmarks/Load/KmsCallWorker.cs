using System.Text;
using KmsTool.CommandLine;
using KmsTool.Enclave.Hosting;
using KmsTool.Enclave.Kms;
using KmsTool.Enclave.Startup;
using KmsTool.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace KmsTool.Benchmarks.Load;

/// <summary>The call that the KMS proxy makes, without the proxy: the attested client in this process.</summary>
internal sealed class KmsCallWorker(KmsCallWorker.Client client, (string Ciphertext, string Plaintext) sample) : IWorker
{
    private readonly CommandRequest _request = new(KmsOperation.Decrypt) { CiphertextBlob = Convert.FromBase64String(sample.Ciphertext) };

    public void Work()
    {
        using KmsAnswer answer = client.Kms.Client.SendAsync(_request, client.Endpoint, client.Credentials, CancellationToken.None).GetAwaiter().GetResult();
        if (answer is not KmsAnswer.Opened)
        {
            throw new CommandFailedException(ExitCode.OperationFailed, "KMS refused");
        }
    }

    public void Dispose()
    {
    }

    /// <summary>What all workers share, as an enclave's requests do.</summary>
    internal sealed class Client : IAsyncDisposable
    {
        private Client(AttestedKms kms, KmsEndpoint endpoint, KmsCredentials credentials) =>
            (Kms, Endpoint, Credentials) = (kms, endpoint, credentials);

        public AttestedKms Kms { get; }

        public KmsEndpoint Endpoint { get; }

        public KmsCredentials Credentials { get; }

        public static async Task<Client> OpenAsync(Testbed testbed, CancellationToken cancellationToken)
        {
            var settings = new KmsSettings
            {
                Proxy = testbed.KmsAddress,
                Nsm = testbed.Aws.NsmAddress,
                CaBundle = testbed.Aws.CaBundle,
                Startup = new StartupSettings { RandomSourcePath = "/dev/null", RandomPath = "/dev/null" },
            };
            AttestedKms kms = await AttestedKms.OpenAsync(settings, TimeProvider.System, NullLogger.Instance, cancellationToken);
            SessionCredentials credentials = testbed.Credentials;
            return new Client(
                kms, KmsEndpoint.ForRegion(testbed.Aws.Region, fips: false)!,
                new KmsCredentials(credentials.AccessKeyId, SensitiveBytes.CopyOf(Encoding.ASCII.GetBytes(credentials.SecretAccessKey)), credentials.SessionToken));
        }

        public async ValueTask DisposeAsync()
        {
            Credentials.Dispose();
            await Kms.DisposeAsync();
        }
    }
}
