using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using KmsTool.Protocol.Nsm;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace KmsTool.Enclave.Startup;

/// <summary>The random numbers of the kernel and of OpenSSL, on which every key in the enclave depends.</summary>
internal sealed partial class RandomSeed(INsm nsm, StartupSettings options, ILogger logger)
{
    /// <summary>The Nitro Secure Module, as the kernel names it among its sources of random numbers.</summary>
    public const string NsmSource = "nsm-hwrng";

    /// <summary>What the original seeds.</summary>
    private const int SeedLength = 1024;

    private const int MaxSourceLength = 64;

    // linux/random.h. RNDADDENTROPY takes a struct rand_pool_info: the entropy in bits, the length in bytes, the bytes. They
    // reach the generator with its next seed, a minute away or more; RNDRESEEDCRNG seeds it at once.
    private const nuint AddEntropy = 0x40085203;
    private const nuint ReseedGenerator = 0x5207;
    private const int PoolHeaderLength = 2 * sizeof(int);

    /// <summary>
    /// Seeds both from the Nitro Secure Module, each with bytes of its own. A failure is a warning: both have other sources.
    /// </summary>
    public async Task SeedAsync(CancellationToken cancellationToken)
    {
        byte[] pool = GC.AllocateArray<byte>(PoolHeaderLength + SeedLength, pinned: true);
        MemoryMarshal.Cast<byte, int>(pool.AsSpan(0, PoolHeaderLength))[0] = SeedLength * 8;
        MemoryMarshal.Cast<byte, int>(pool.AsSpan(0, PoolHeaderLength))[1] = SeedLength;
        Memory<byte> seed = pool.AsMemory(PoolHeaderLength);
        try
        {
            await ReadNsmAsync(seed, cancellationToken);
            SeedKernel(pool);
            await ReadNsmAsync(seed, cancellationToken);
            SeedOpenSsl(seed.Span);
        }
        catch (Exception e) when (e is IOException or NsmException)
        {
            Log.RandomNotSeeded(logger, e.Message);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pool);
        }
    }

    /// <summary>Warns where something else than the Nitro Secure Module feeds the kernel's.</summary>
    /// <exception cref="StartupException">Something else does, and that is refused.</exception>
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

        if (source == NsmSource)
        {
            return;
        }

        source = source[..Math.Min(source.Length, MaxSourceLength)];
        Log.OtherRandomSource(logger, source, NsmSource);
        if (options.RefuseOtherRandomSource)
        {
            throw new StartupException(StartupFailure.OtherRandomSource, $"The kernel's random numbers come from {source}");
        }
    }

    private async Task ReadNsmAsync(Memory<byte> seed, CancellationToken cancellationToken)
    {
        while (!seed.IsEmpty)
        {
            NsmResponse.GetRandom answer = await nsm.AskAsync<NsmResponse.GetRandom>(new NsmRequest.GetRandom(), cancellationToken);
            if (answer.Random.IsEmpty)
            {
                throw new NsmException(NsmErrorCode.InvalidResponse, "it gave no random bytes");
            }

            int length = Math.Min(answer.Random.Length, seed.Length);
            answer.Random[..length].CopyTo(seed);
            seed = seed[length..];
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsMemory(answer.Random).Span);
        }
    }

    private void SeedKernel(byte[] pool)
    {
        try
        {
            using var random = new FileStream(options.RandomPath, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            if (Control(random.SafeFileHandle, AddEntropy, pool) == 0 && Control(random.SafeFileHandle, ReseedGenerator, []) == 0)
            {
                Log.KernelSeeded(logger, SeedLength);
                return;
            }

            // CAP_SYS_ADMIN is missing. Mixed in without being counted as entropy, until the kernel takes its next seed.
            string reason = new Win32Exception(Marshal.GetLastPInvokeError()).Message;
            random.Write(pool.AsSpan(PoolHeaderLength));
            Log.KernelNotReseeded(logger, SeedLength, reason);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.KernelNotSeeded(logger, e.Message);
        }
    }

    private void SeedOpenSsl(ReadOnlySpan<byte> seed)
    {
        try
        {
            OpenSslRandom.Add(seed, options.CryptoLibrary);
            Log.OpenSslSeeded(logger, seed.Length);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or PlatformNotSupportedException)
        {
            Log.OpenSslNotSeeded(logger, e.Message);
        }
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(SafeFileHandle file, nuint operation, [In] byte[] argument);
}

/// <summary>OpenSSL's own random generator, which makes the keys of .NET and asks the kernel's only now and then.</summary>
internal static unsafe class OpenSslRandom
{
    /// <summary>Adds <paramref name="seed"/>, all of it entropy, and has OpenSSL ask the kernel anew (RAND_add(3)).</summary>
    /// <param name="seed">Random bytes.</param>
    /// <param name="library">The library's name; by default that of the one that .NET uses.</param>
    /// <exception cref="DllNotFoundException">There is no such library.</exception>
    /// <exception cref="EntryPointNotFoundException">It is not OpenSSL's.</exception>
    /// <exception cref="PlatformNotSupportedException">.NET does not use OpenSSL on this system.</exception>
    public static void Add(ReadOnlySpan<byte> seed, string? library = null)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException(".NET uses OpenSSL on Linux only");
        }

        var add = (delegate* unmanaged<byte*, int, double, void>)NativeLibrary.GetExport(NativeLibrary.Load(library ?? FindLibrary()), "RAND_add");
        fixed (byte* start = seed)
        {
            add(start, seed.Length, seed.Length);
        }
    }

    // .NET has loaded OpenSSL when it tells the version; the loader then gives that library for its name.
    [System.Runtime.Versioning.SupportedOSPlatform("linux")]
    private static string FindLibrary() =>
        SafeEvpPKeyHandle.OpenSslVersion >> 28 is >= 3 and var major ? $"libcrypto.so.{major}" : "libcrypto.so.1.1";
}
