using System.Security.Cryptography;
using System.Text;
using KmsTool.Protocol.Nsm;
using KmsTool.Simulator.Iam;
using KmsTool.Simulator.Imds;

namespace KmsTool.Simulator.Nsm;

/// <summary>The PCRs of one enclave: 0 to 15 are locked from the start, 16 to 31 free for the application.</summary>
internal sealed class PcrBank
{
    public const int Count = NsmLimits.PcrCount;

    /// <summary>The length of a PCR, that of SHA-384, in bytes.</summary>
    public const int ValueLength = SHA384.HashSizeInBytes;

    private const int FirstFree = 16;

    private readonly Lock _lock = new();
    private readonly byte[][] _values = new byte[Count][];
    private readonly bool[] _locked = new bool[Count];

    public PcrBank(IReadOnlyDictionary<int, byte[]> values)
    {
        for (int i = 0; i < Count; i++)
        {
            _values[i] = values.TryGetValue(i, out byte[]? value) ? value : new byte[ValueLength];
            _locked[i] = i < FirstFree;
        }
    }

    public IReadOnlyList<ushort> LockedIndices
    {
        get
        {
            lock (_lock)
            {
                return [.. Enumerable.Range(0, Count).Where(i => _locked[i]).Select(i => (ushort)i)];
            }
        }
    }

    /// <summary>The locked PCRs, which are those an attestation document contains.</summary>
    public IReadOnlyDictionary<int, ReadOnlyMemory<byte>> LockedValues
    {
        get
        {
            lock (_lock)
            {
                return Enumerable.Range(0, Count).Where(i => _locked[i]).ToDictionary(i => i, i => (ReadOnlyMemory<byte>)_values[i]);
            }
        }
    }

    public (bool IsLocked, byte[] Value) Read(int index)
    {
        lock (_lock)
        {
            return (_locked[index], _values[index]);
        }
    }

    /// <summary>Sets a PCR, also a locked one, as if another image ran in the enclave.</summary>
    public void Set(int index, byte[] value)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(value.Length, ValueLength);
        lock (_lock)
        {
            _values[index] = value;
        }
    }

    /// <summary>Hashes data into a PCR. Returns its new value, or null if it is locked.</summary>
    public byte[]? Extend(int index, ReadOnlySpan<byte> data)
    {
        lock (_lock)
        {
            if (_locked[index])
            {
                return null;
            }
            // A new array: documents and responses in progress keep the old value.
            return _values[index] = SHA384.HashData([.. _values[index], .. data]);
        }
    }

    /// <summary>Locks a PCR and returns whether it was unlocked.</summary>
    public bool TryLock(int index)
    {
        lock (_lock)
        {
            bool wasLocked = _locked[index];
            _locked[index] = true;
            return !wasLocked;
        }
    }

    /// <summary>Locks the PCRs with the lowest indices.</summary>
    public void LockFirst(int count)
    {
        lock (_lock)
        {
            _locked.AsSpan(0, count).Fill(true);
        }
    }
}

/// <summary>Makes the PCRs with which a simulated enclave starts.</summary>
internal static class InitialPcrs
{
    /// <summary>
    /// Adds the PCRs that are not given: 0 to 2, which measure the image, with the values of an example image, 3 and 4 with
    /// those of the simulated instance's role and id. An image of all zeros is debug mode, where the others are zero too.
    /// </summary>
    public static Dictionary<int, byte[]> Complete(IReadOnlyDictionary<int, byte[]> given, AwsAccount account, string? roleName)
    {
        var pcrs = new Dictionary<int, byte[]>(given);
        bool isDebug = given.TryGetValue(0, out byte[]? image) && !image.AsSpan().ContainsAnyExcept((byte)0);
        if (isDebug)
        {
            return pcrs;
        }

        for (int i = 0; i <= 2; i++)
        {
            pcrs.TryAdd(i, Measure($"kmstool-simulator example image, PCR{i}"));
        }

        if (roleName is not null)
        {
            pcrs.TryAdd(3, Measure(account.RoleArn(roleName)));
        }

        pcrs.TryAdd(4, Measure(SimulatedInstance.Id));
        return pcrs;
    }

    /// <summary>A PCR that started as zeros and was extended once (Nitro Enclaves user guide, "Where to get an enclave's measurements").</summary>
    private static byte[] Measure(string text) => SHA384.HashData([.. new byte[PcrBank.ValueLength], .. Encoding.UTF8.GetBytes(text)]);
}
