using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace KmsTool.Tests.Support;

/// <summary>
/// Counts copies of secrets in the memory of another process, in the forms that a program may give them. The programs forbid
/// dumps, so reading their memory takes root (ptrace(2), PR_SET_DUMPABLE).
/// </summary>
internal sealed class ProcessMemoryScan
{
    private const int ChunkLength = 1024 * 1024;

    private readonly List<(string Name, byte[] Bytes)> _forms = [];

    /// <summary>Searches for bytes: as they are, and their base64 in UTF-8 and UTF-16.</summary>
    public ProcessMemoryScan AddBytes(string name, ReadOnlySpan<byte> bytes)
    {
        Add($"{name}, raw", bytes);
        string base64 = Convert.ToBase64String(bytes);
        Add($"{name}, base64", Encoding.ASCII.GetBytes(base64));
        Add($"{name}, base64 in UTF-16", Encoding.Unicode.GetBytes(base64));
        return this;
    }

    /// <summary>Searches for text: in UTF-8, in UTF-16, and its base64 in both.</summary>
    public ProcessMemoryScan AddText(string name, string text)
    {
        Add($"{name}, UTF-16", Encoding.Unicode.GetBytes(text));
        return AddBytes(name, Encoding.UTF8.GetBytes(text));
    }

    /// <summary>The number of copies of each form that was found at least once.</summary>
    public Dictionary<string, int> Count(int processId)
    {
        var counts = new Dictionary<string, int>();
        using SafeFileHandle memory = File.OpenHandle($"/proc/{processId}/mem");
        int overlap = _forms.Max(static form => form.Bytes.Length) - 1;
        byte[] buffer = new byte[overlap + ChunkLength];
        foreach ((long start, long end) in ReadableRegions(processId))
        {
            int kept = 0;
            for (long address = start; address < end;)
            {
                int read = Read(memory, buffer.AsSpan(kept, (int)Math.Min(ChunkLength, end - address)), address);
                // What was searched already is too short for another whole copy.
                Search(buffer.AsSpan(0, kept + read), kept, counts);
                address += read == 0 ? Environment.SystemPageSize : read;
                int length = kept + read;
                kept = read == 0 ? 0 : Math.Min(overlap, length);
                buffer.AsSpan(length - kept, kept).CopyTo(buffer);
            }
        }

        return counts;
    }

    // The middle half: allocators overwrite the beginning of what is freed, and a copy may have lost its end.
    private void Add(string name, ReadOnlySpan<byte> bytes) => _forms.Add((name, bytes.Slice(bytes.Length / 4, bytes.Length / 2).ToArray()));

    private void Search(ReadOnlySpan<byte> bytes, int searched, Dictionary<string, int> counts)
    {
        foreach ((string name, byte[] form) in _forms)
        {
            ReadOnlySpan<byte> rest = bytes[Math.Max(0, searched - form.Length + 1)..];
            while (rest.IndexOf(form) is >= 0 and int found)
            {
                counts[name] = counts.GetValueOrDefault(name) + 1;
                rest = rest[(found + form.Length)..];
            }
        }
    }

    private static IEnumerable<(long Start, long End)> ReadableRegions(int processId) =>
        from line in File.ReadLines($"/proc/{processId}/maps")
        let bounds = line.Split(' ')[0].Split('-')
        let access = line.Split(' ')[1]
        // Not the parts of files that the program cannot write to.
        where access.StartsWith("rw", StringComparison.Ordinal) || (access.StartsWith('r') && !line.Contains('/', StringComparison.Ordinal) && !line.Contains("[v", StringComparison.Ordinal))
        select (long.Parse(bounds[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture), long.Parse(bounds[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture));

    private static int Read(Microsoft.Win32.SafeHandles.SafeFileHandle memory, Span<byte> buffer, long address)
    {
        try
        {
            return RandomAccess.Read(memory, buffer, address);
        }
        catch (IOException)
        {
            // A page that cannot be read, of a device or past the end of a mapped file.
            return 0;
        }
    }
}
