using System.Globalization;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace KmsTool.Instance.VsockProxy;

/// <summary>
/// Reads the YAML file of the AWS program: <c>allowlist: [{address: HOST, port: N}, …]</c>. Reads the parser's events one by
/// one, so that nothing but this form is taken in: no other keys, no anchors, no tags, no depth.
/// </summary>
internal sealed class AllowlistReader
{
    private const int MaxLength = 256 * 1024;

    private readonly string _path;
    private readonly Parser _parser;

    private AllowlistReader(string path, string text)
    {
        _path = path;
        _parser = new Parser(new StringReader(text));
    }

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such file.</exception>
    /// <exception cref="AllowlistException">The file cannot be read, or its contents are not in order.</exception>
    public static Allowlist Read(string path)
    {
        string text = ReadText(path);
        var reader = new AllowlistReader(path, text);
        try
        {
            return new Allowlist(path, reader.ReadFile());
        }
        catch (YamlException e)
        {
            throw new AllowlistException(path, e.End.Line, $"no YAML: {e.Message}", e);
        }
        catch (Exception e) when (e is not AllowlistException)
        {
            // For some texts that are no YAML, the parser throws whatever it came across.
            throw new AllowlistException(path, reader._parser.Current?.End.Line, "no YAML", e);
        }
    }

    private static string ReadText(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            byte[] bytes = new byte[MaxLength + 1];
            int length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length > MaxLength)
                throw new AllowlistException(path, null, $"larger than {MaxLength / 1024} KiB");

            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(bytes, 0, length).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException e)
        {
            throw new AllowlistException(path, null, "no UTF-8 text", e);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not (FileNotFoundException or DirectoryNotFoundException))
        {
            throw new AllowlistException(path, null, $"cannot be read: {e.Message}", e);
        }
    }

    private List<AllowlistEntry> ReadFile()
    {
        _parser.Consume<StreamStart>();
        if (_parser.TryConsume<StreamEnd>(out _))
            throw new AllowlistException(_path, null, "the key 'allowlist' is missing");

        _parser.Consume<DocumentStart>();
        List<AllowlistEntry>? entries = null;
        Mark start = Expect<MappingStart>("the key 'allowlist'").Start;
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            Scalar key = Expect<Scalar>("a key");
            if (key.Value != "allowlist")
                throw Fault(key, $"unknown key '{key.Value}'");

            if (entries is not null)
                throw Fault(key, "the key 'allowlist' stands there twice");

            entries = ReadEntries();
        }

        _parser.Consume<DocumentEnd>();
        if (!_parser.TryConsume<StreamEnd>(out _))
            throw Fault(_parser.Current!, "more than one document");

        return entries ?? throw new AllowlistException(_path, start.Line, "the key 'allowlist' is missing");
    }

    private List<AllowlistEntry> ReadEntries()
    {
        var entries = new List<AllowlistEntry>();
        var known = new HashSet<(string Host, ushort Port)>();
        Expect<SequenceStart>("a list of destinations");
        while (!_parser.TryConsume<SequenceEnd>(out _))
        {
            MappingStart start = Expect<MappingStart>("{address: HOST, port: N}");
            AllowlistEntry entry = ReadEntry(start);
            if (!known.Add((entry.Host.ToUpperInvariant(), entry.Port)))
                throw Fault(start, $"{entry.Host} with port {entry.Port.ToString(CultureInfo.InvariantCulture)} stands there twice");

            entries.Add(entry);
        }

        return entries;
    }

    private AllowlistEntry ReadEntry(MappingStart start)
    {
        string? host = null;
        ushort? port = null;
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            Scalar key = Expect<Scalar>("a key");
            if (key.Value == "address" ? host is not null : key.Value == "port" && port is not null)
                throw Fault(key, $"the key '{key.Value}' stands there twice");

            switch (key.Value)
            {
                case "address":
                    host = ReadHost();
                    break;
                case "port":
                    port = ReadPort();
                    break;
                default:
                    throw Fault(key, $"unknown key '{key.Value}'");
            }
        }

        if (host is null)
            throw Fault(start, "the key 'address' is missing");

        return new AllowlistEntry(host, port ?? throw Fault(start, "the key 'port' is missing"));
    }

    private string ReadHost()
    {
        Scalar value = Expect<Scalar>("a host name or an IP address");
        return DestinationHost.TryParse(value.Value, out string? host, out string? error) ? host : throw Fault(value, error);
    }

    private ushort ReadPort()
    {
        Scalar value = Expect<Scalar>("a port");
        if (value.Style == ScalarStyle.Plain
            && ushort.TryParse(value.Value, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port != 0)
        {
            return port;
        }

        throw Fault(value, $"port '{value.Value}' is not a number from 1 to 65535");
    }

    private T Expect<T>(string expected)
        where T : NodeEvent
    {
        if (!_parser.Accept<T>(out _))
            throw Fault(_parser.Current!, $"expected {expected}");

        T found = _parser.Consume<T>();
        if (!found.Anchor.IsEmpty || !found.Tag.IsEmpty)
            throw Fault(found, "anchors and tags are not taken");

        return found;
    }

    private AllowlistException Fault(ParsingEvent at, string reason) => new(_path, at.Start.Line, reason);
}
