using System.Runtime.InteropServices;
using System.Security.Cryptography;
using KmsTool.Enclave.Nsm;
using KmsTool.Protocol.Nsm;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Startup;

/// <summary>The kernel's random numbers, on which every key in the enclave depends.</summary>
internal sealed class KernelRandom(INsm nsm, StartupOptions options, ILogger logger)
{
    private const string NsmSource = "nsm-hwrng";

    /// <summary>What the original seeds.</summary>
    private const int SeedLength = 1024;

    private const int MaxSourceLength = 64;

    /// <summary>Mixes bytes of the Nitro Secure Module in. A failure is a warning: the kernel has its own sources.</summary>
    public async Task SeedAsync(CancellationToken cancellationToken)
    {
        byte[] seed = new byte[SeedLength];
        try
        {
            for (int length = 0; length < seed.Length;)
            {
                NsmResponse.GetRandom answer = await nsm.AskAsync<NsmResponse.GetRandom>(new NsmRequest.GetRandom(), cancellationToken);
                if (answer.Random.IsEmpty)
                    throw new NsmException(NsmErrorCode.InvalidResponse, "it gave no random bytes");

                ReadOnlyMemory<byte> part = answer.Random[..Math.Min(answer.Random.Length, seed.Length - length)];
                part.CopyTo(seed.AsMemory(length));
                length += part.Length;
                CryptographicOperations.ZeroMemory(MemoryMarshal.AsMemory(answer.Random).Span);
            }

            // Mixed in without being counted as entropy, so that it can do no harm whatever it is.
            using var random = new FileStream(options.RandomPath, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            random.Write(seed);
            Log.RandomSeeded(logger, seed.Length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NsmException)
        {
            Log.RandomNotSeeded(logger, e.Message);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    /// <summary>Warns where something else than the Nitro Secure Module feeds them.</summary>
    public void CheckSource()
    {
        string source = "unknown";
        try
        {
            source = File.ReadAllText(options.RandomSourcePath).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The kernel has no hardware source at all.
        }

        if (source != NsmSource)
            Log.OtherRandomSource(logger, source[..Math.Min(source.Length, MaxSourceLength)], NsmSource);
    }
}
