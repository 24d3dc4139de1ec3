using System.Globalization;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace KmsTool.CommandLine.Yaml;

/// <summary>
/// Reads a YAML configuration file from the parser's events, one by one, so that nothing but the form that its caller asks for
/// is taken in: no other keys, no key twice, no anchors, no tags, no depth. Every refusal names the line.
/// </summary>
internal sealed class StrictYamlReader
{
    /// <summary>Largest file, in bytes.</summary>
    public const int MaxLength = 256 * 1024;

    // The parser's time per event grows with the depth.
    private const int MaxSkippedDepth = 64;

    private readonly string _path;
    private readonly Parser _parser;
    private ParsingEvent? _last;
    private bool _isEmpty;

    private StrictYamlReader(string path, string text)
    {
        _path = path;
        _parser = new Parser(new StringReader(text));
    }

    /// <summary>The line of what was read last, from 1.</summary>
    public long Line => _last?.Start.Line ?? 1;

    /// <summary>Reads a file that holds one document, which may be empty: then as a mapping without keys.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such file.</exception>
    /// <exception cref="ConfigurationException">The file cannot be read or is not valid.</exception>
    public static T Read<T>(string path, Func<StrictYamlReader, T> readRoot)
    {
        var reader = new StrictYamlReader(path, ReadFile(path));
        try
        {
            return reader.ReadDocument(readRoot);
        }
        catch (YamlException e)
        {
            throw new ConfigurationException(path, e.End.Line, $"not valid YAML: {e.Message}", e);
        }
        catch (Exception e) when (e is not ConfigurationException)
        {
            // For some texts that are not YAML, the parser throws exceptions of other types.
            throw new ConfigurationException(path, reader._parser.Current?.End.Line, "not valid YAML", e);
        }
    }

    /// <summary>Reads a mapping: calls <paramref name="readValue"/> for each key, which reads the value or says that it knows no such key.</summary>
    /// <param name="expected">For the refusal of anything else.</param>
    /// <param name="readValue">Reads a key's value; <see langword="false"/> for a key that is not known, before anything is read.</param>
    /// <returns>The line where it begins.</returns>
    public long ReadMapping(string expected, Func<string, bool> readValue)
    {
        if (_isEmpty)
        {
            return 1;
        }

        long start = Expect<MappingStart>(expected).Start.Line;
        var keys = new HashSet<string>(StringComparer.Ordinal);
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            string key = Expect<Scalar>("a key").Value;
            if (!keys.Add(key))
            {
                throw Fault($"the key '{key}' appears twice");
            }

            if (!readValue(key))
            {
                throw Fault($"unknown key '{key}'");
            }
        }

        return start;
    }

    /// <summary>Reads a sequence.</summary>
    /// <param name="expected">For the refusal of anything else.</param>
    /// <param name="readItem">Reads one item.</param>
    public List<T> ReadSequence<T>(string expected, Func<T> readItem)
    {
        var items = new List<T>();
        Expect<SequenceStart>(expected);
        while (!_parser.TryConsume<SequenceEnd>(out _))
        {
            items.Add(readItem());
        }

        return items;
    }

    /// <summary>Reads a text, plain or in quotes.</summary>
    public string ReadText(string expected) => Expect<Scalar>(expected).Value;

    /// <summary>Reads a text without quotes, such as a number.</summary>
    public string ReadPlainText(string expected)
    {
        Scalar value = Expect<Scalar>(expected);
        return value.Style == ScalarStyle.Plain ? value.Value : throw Fault($"'{value.Value}' is in quotes; expected {expected}");
    }

    /// <summary>Reads a whole number in decimal.</summary>
    public long ReadNumber(string name, long atLeast, long atMost)
    {
        string text = ReadPlainText($"a {name}");
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number >= atLeast && number <= atMost
            ? number
            : throw Fault(string.Create(CultureInfo.InvariantCulture, $"{name} '{text}' is not a number from {atLeast} to {atMost}"));
    }

    /// <summary>Consumes the next value if it is null: nothing after the key, <c>~</c> or <c>null</c> (YAML 1.2, core schema).</summary>
    public bool TryReadNull()
    {
        if (!_parser.Accept<Scalar>(out Scalar? value) || value is not { Style: ScalarStyle.Plain, Value: "" or "~" or "null" or "Null" or "NULL" })
        {
            return false;
        }

        Expect<Scalar>("null");
        return true;
    }

    /// <summary>Skips a value of any form, nested at most 64 levels deep.</summary>
    public void SkipValue()
    {
        int depth = 0;
        do
        {
            ParsingEvent skipped = _parser.Consume<ParsingEvent>();
            depth += skipped.NestingIncrease;
            if (depth > MaxSkippedDepth)
            {
                throw FaultAt(skipped.Start.Line, $"nested more than {MaxSkippedDepth} levels deep");
            }
        }
        while (depth > 0);
    }

    /// <summary>Makes the exception for an error in the value that was read last.</summary>
    public ConfigurationException Fault(string reason) => FaultAt(Line, reason);

    /// <summary>Makes the exception for an error in a line.</summary>
    public ConfigurationException FaultAt(long line, string reason) => new(_path, line, reason);

    private static string ReadFile(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            byte[] bytes = new byte[MaxLength + 1];
            int length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length > MaxLength)
            {
                throw new ConfigurationException(path, null, $"larger than {MaxLength / 1024} KiB");
            }

            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(bytes, 0, length).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException e)
        {
            throw new ConfigurationException(path, null, "not UTF-8 text", e);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not (FileNotFoundException or DirectoryNotFoundException))
        {
            throw new ConfigurationException(path, null, $"cannot be read: {e.Message}", e);
        }
    }

    private T ReadDocument<T>(Func<StrictYamlReader, T> readRoot)
    {
        _parser.Consume<StreamStart>();
        _isEmpty = _parser.TryConsume<StreamEnd>(out _);
        if (_isEmpty)
        {
            return readRoot(this);
        }

        _parser.Consume<DocumentStart>();
        T root = readRoot(this);
        _parser.Consume<DocumentEnd>();
        if (!_parser.TryConsume<StreamEnd>(out _))
        {
            throw FaultAt(_parser.Current!.Start.Line, "more than one document");
        }

        return root;
    }

    private T Expect<T>(string expected)
        where T : NodeEvent
    {
        if (!_parser.Accept<T>(out _))
        {
            throw FaultAt(_parser.Current!.Start.Line, $"expected {expected}");
        }

        T found = _parser.Consume<T>();
        _last = found;
        if (!found.Anchor.IsEmpty || !found.Tag.IsEmpty)
        {
            throw Fault("anchors and tags are not taken");
        }

        return found;
    }
}

/// <summary>A configuration file cannot be used; the message names file, line and reason.</summary>
internal sealed class ConfigurationException(string path, long? line, string reason, Exception? inner = null)
    : Exception(line is null ? $"{path}: {reason}" : string.Create(CultureInfo.InvariantCulture, $"{path}:{line}: {reason}"), inner);
