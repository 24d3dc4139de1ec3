using System.Runtime.InteropServices;

namespace KmsTool.Enclave.Supervisor;

/// <summary>Strings in the form in which exec(2) takes arguments and environment: UTF-8, and a null pointer after the last.</summary>
internal sealed unsafe class NativeStrings : IDisposable
{
    private readonly int _count;

    public NativeStrings(IReadOnlyCollection<string> strings)
    {
        Start = (byte**)NativeMemory.AllocZeroed((nuint)strings.Count + 1, (nuint)sizeof(byte*));
        foreach (string text in strings)
        {
            Start[_count++] = (byte*)Marshal.StringToCoTaskMemUTF8(text);
        }
    }

    public byte** Start { get; }

    public void Dispose()
    {
        // The environment holds credentials.
        for (int i = 0; i < _count; i++)
        {
            Marshal.ZeroFreeCoTaskMemUTF8((nint)Start[i]);
        }

        NativeMemory.Free(Start);
    }
}
