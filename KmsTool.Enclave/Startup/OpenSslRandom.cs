using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace KmsTool.Enclave.Startup;

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
