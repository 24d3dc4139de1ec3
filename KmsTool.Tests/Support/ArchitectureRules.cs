using System.Text;
using System.Text.RegularExpressions;

namespace KmsTool.Tests.Support;

/// <summary>
/// Checks a source tree against the layout that docs/architecture.md describes. The check reads text, not compiled code: a file
/// uses a namespace if it has a using directive for it, spells its full name, or stands in a nested namespace and mentions a type
/// that an enclosing namespace declares. Comments and strings do not count, nor do names after a dot.
/// </summary>
internal sealed partial class ArchitectureRules
{
    public const string DocumentPath = "docs/architecture.md";
    private const string Prefix = "KmsTool.";
    private const string CommandLine = "KmsTool.CommandLine";
    private const int ShortFile = 15;

    private static readonly string[] Programs = ["KmsTool.Enclave", "KmsTool.Instance", "KmsTool.Simulator"];

    private readonly Dictionary<string, string> _files;
    private readonly List<SourceFile> _sources;
    private readonly List<(string Project, string Contents, string MayUse)> _table;

    /// <summary>Takes a tree of files.</summary>
    /// <param name="files">Text by path from the root of the repository, with slashes: sources, projects and docs/architecture.md.</param>
    public ArchitectureRules(IEnumerable<KeyValuePair<string, string>> files)
    {
        _files = new Dictionary<string, string>(files, StringComparer.Ordinal);
        _sources = [.. _files.Where(file => IsProduct(file.Key)).Select(file => new SourceFile(file.Key, file.Value)).OrderBy(file => file.Path, StringComparer.Ordinal)];
        _table = [.. TableRow().Matches(_files[DocumentPath]).Select(row => (row.Groups["project"].Value, row.Groups["contents"].Value, row.Groups["mayUse"].Value))];
    }

    /// <summary>Reads the tree of the repository.</summary>
    public static ArchitectureRules Read(string root)
    {
        IEnumerable<string> projects = Directory.EnumerateDirectories(root, Prefix + "*");
        IEnumerable<string> paths = projects.SelectMany(project => Directory.EnumerateFiles(project, "*.cs*", SearchOption.AllDirectories))
            .Select(path => Path.GetRelativePath(root, path).Replace('\\', '/'))
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal))
            .Append(DocumentPath);
        return new ArchitectureRules(paths.Select(path => KeyValuePair.Create(path, File.ReadAllText(Path.Combine(root, path)).ReplaceLineEndings("\n"))));
    }

    /// <summary>Finds pairs of namespaces that use each other.</summary>
    public List<string> FindNamespaceCycles()
    {
        Dictionary<(string From, string To), string> uses = [];
        foreach ((SourceFile file, string used, string reason) in ListUses())
        {
            uses.TryAdd((file.Namespace, used), $"{file.Path}: {reason}");
        }

        return [.. uses.Keys
            .Where(use => string.CompareOrdinal(use.From, use.To) < 0 && uses.ContainsKey((use.To, use.From)))
            .Order()
            .Select(use => $"{use.From} and {use.To} use each other ({uses[use]}; {uses[(use.To, use.From)]})")];
    }

    /// <summary>Finds project references that the column "may use" does not allow.</summary>
    public List<string> FindForbiddenReferences()
    {
        List<string> violations = [];
        foreach ((string path, string text) in _files.Where(file => file.Key.EndsWith(".csproj", StringComparison.Ordinal)).OrderBy(file => file.Key, StringComparer.Ordinal))
        {
            string project = path.Split('/')[0];
            int row = _table.FindIndex(row => row.Project == project);
            if (row < 0)
            {
                violations.Add($"{project} is not in the table of {DocumentPath}");
                continue;
            }

            violations.AddRange(ProjectReference().Matches(text)
                .Select(reference => reference.Groups["project"].Value)
                .Where(used => !MayUse(row, used))
                .Select(used => $"{project} references {used}, which {DocumentPath} does not allow"));
        }

        return violations;
    }

    /// <summary>Finds uses against the direction Commands → Hosting → feature within a program.</summary>
    public List<string> FindUpwardUses() =>
    [
        .. ListUses()
            .Where(use => LayerOf(use.File.Namespace) is { } from && LayerOf(use.Used) is { } to && from.Program == to.Program
                && from.Layer < to.Layer)
            .Select(use => $"{use.File.Path} uses {use.Used} ({use.Reason})"),
    ];

    /// <summary>Finds features that use the commands of a program or KmsTool.CommandLine.</summary>
    public List<string> FindFeaturesWithCommandLine() =>
    [
        .. ListUses()
            .Where(use => LayerOf(use.File.Namespace) is { Layer: Layer.Feature } && (IsCommandLine(use.Used) || LayerOf(use.Used) is { Layer: Layer.Commands }))
            .Select(use => $"{use.File.Path} uses {use.Used} ({use.Reason})"),
    ];

    /// <summary>Finds folders with source files that the table does not name: a project by its row, another folder within that row.</summary>
    public List<string> FindUnnamedFolders()
    {
        IEnumerable<string> folders = _files.Keys
            .Where(path => path.EndsWith(".cs", StringComparison.Ordinal) && !IsTest(path))
            .Select(path => path[..path.LastIndexOf('/')])
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal);
        return [.. folders.Where(folder => !IsNamed(folder)).Select(folder => $"{folder}/ is not named in {DocumentPath}")];
    }

    /// <summary>Finds product files of fewer than 15 lines that hold something other than enums, exceptions and interfaces.</summary>
    public List<string> FindShortFiles() =>
    [
        .. _sources
            .Where(file => file.LineCount < ShortFile && !(file.Types.Count > 0 && file.Types.All(type => type.MayBeShort)))
            .Select(file => $"{file.Path} has {file.LineCount} lines"),
    ];

    /// <summary>Replaces comments and the text of strings and characters by blanks; what stands in the holes of a string stays.</summary>
    internal static string RemoveCommentsAndStrings(string source) => new CodeReader(source).Read();

    private static bool IsCommandLine(string name) => name == CommandLine || name.StartsWith(CommandLine + '.', StringComparison.Ordinal);

    private static bool IsTest(string path) => path.StartsWith("KmsTool.Tests/", StringComparison.Ordinal);

    private static bool IsProduct(string path) => path.EndsWith(".cs", StringComparison.Ordinal) && !IsTest(path)
        && !path.StartsWith("KmsTool.Benchmarks/", StringComparison.Ordinal);

    private static (string Program, Layer Layer)? LayerOf(string name)
    {
        if (Array.Find(Programs, program => name.StartsWith(program + '.', StringComparison.Ordinal)) is not { } program)
        {
            return null;
        }

        return (program, name[(program.Length + 1)..].Split('.')[0] switch
        {
            "Commands" => Layer.Commands,
            "Hosting" => Layer.Hosting,
            _ => Layer.Feature,
        });
    }

    private IEnumerable<(SourceFile File, string Used, string Reason)> ListUses()
    {
        HashSet<string> namespaces = [.. _sources.Select(file => file.Namespace)];
        ILookup<string, string> namespacesByType = _sources
            .SelectMany(file => file.Types.Select(type => (type.Name, file.Namespace)))
            .Distinct()
            .ToLookup(type => type.Name, type => type.Namespace, StringComparer.Ordinal);
        foreach (SourceFile file in _sources)
        {
            foreach (string name in file.FullNames)
            {
                if (FindNamespace(name, namespaces) is { } used && used != file.Namespace)
                {
                    yield return (file, used, name);
                }
            }

            foreach (string type in file.Identifiers)
            {
                // The compiler takes the type of the innermost namespace that declares the name.
                string? declaring = namespacesByType[type].Where(name => IsWithin(file.Namespace, name)).MaxBy(name => name.Length);
                if (declaring is not null && declaring != file.Namespace)
                {
                    yield return (file, declaring, type);
                }
            }
        }
    }

    private static bool IsWithin(string inner, string outer) => inner == outer || inner.StartsWith(outer + '.', StringComparison.Ordinal);

    private static string? FindNamespace(string fullName, HashSet<string> namespaces)
    {
        string name = fullName;
        while (!namespaces.Contains(name))
        {
            int dot = name.LastIndexOf('.');
            if (dot < 0)
            {
                return null;
            }

            name = name[..dot];
        }

        return name;
    }

    private bool MayUse(int row, string used)
    {
        string[] allowed = [.. Parentheses().Replace(_table[row].MayUse, "").Split(',', StringSplitOptions.TrimEntries)];
        bool isExcepted = Array.Exists(allowed, text => text == "all but " + used[Prefix.Length..]);
        return !isExcepted && Array.Exists(
            allowed,
            text => text == used[Prefix.Length..] || text == "all" || text.StartsWith("all but ", StringComparison.Ordinal)
                || (text == "all of the above" && _table.FindIndex(other => other.Project == used) is >= 0 and var above && above < row));
    }

    private bool IsNamed(string folder)
    {
        string[] segments = folder.Split('/');
        string? contents = _table.Find(row => row.Project == segments[0]).Contents;
        return contents is not null && segments.Skip(1).All(segment => contents.Contains($"`{segment}/`", StringComparison.Ordinal));
    }

    [GeneratedRegex(@"^\| `(?<project>KmsTool\.\w+)/` \|(?<contents>[^|]*)\|(?<mayUse>[^|]*)\|", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex TableRow();

    [GeneratedRegex(@"<ProjectReference Include=""[^""]*?(?<project>KmsTool\.\w+)\.csproj""", RegexOptions.ExplicitCapture)]
    private static partial Regex ProjectReference();

    [GeneratedRegex(@"\([^)]*\)")]
    private static partial Regex Parentheses();

    /// <summary>The layers of a program. A namespace may use those of its own layer and of lower ones.</summary>
    private enum Layer
    {
        Feature,
        Hosting,
        Commands,
    }

    private sealed partial class SourceFile
    {
        public SourceFile(string path, string text)
        {
            Path = path;
            LineCount = text.TrimEnd('\n').Split('\n').Length;
            string code = RemoveCommentsAndStrings(text);
            Namespace = NamespaceDeclaration().Match(code).Groups["name"].Value;
            Types = [.. TypeDeclaration().Matches(code).Select(type => (
                type.Groups["name"].Value,
                type.Groups["kind"].Value is "enum" or "interface" || type.Groups["name"].Value.EndsWith("Exception", StringComparison.Ordinal)))];
            string body = NamespaceDeclaration().Replace(code, "");
            FullNames = [.. FullName().Matches(body).Select(name => name.Value).Distinct(StringComparer.Ordinal)];
            Identifiers = [.. Identifier().Matches(body).Select(name => name.Value).Distinct(StringComparer.Ordinal)];
        }

        public string Path { get; }

        public int LineCount { get; }

        public string Namespace { get; }

        /// <summary>Gets the types that the file declares; only enums, interfaces and exceptions may have a short file to themselves.</summary>
        public IReadOnlyList<(string Name, bool MayBeShort)> Types { get; }

        /// <summary>Gets the names that start with KmsTool, those of using directives included.</summary>
        public IReadOnlyList<string> FullNames { get; }

        public IReadOnlyList<string> Identifiers { get; }

        [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
        private static partial Regex NamespaceDeclaration();

        // Types within a type are indented.
        [GeneratedRegex(
            @"^[a-z][a-z ]*?\b(?<kind>class|struct|interface|enum|record struct|record|delegate \S+) (?<name>[A-Z]\w*)",
            RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
        private static partial Regex TypeDeclaration();

        [GeneratedRegex(@"\bKmsTool(\.\w+)+", RegexOptions.ExplicitCapture)]
        private static partial Regex FullName();

        [GeneratedRegex(@"(?<![\w.@])[A-Z]\w*", RegexOptions.ExplicitCapture)]
        private static partial Regex Identifier();
    }

    /// <summary>Reads C# and drops comments and literals.</summary>
    private sealed class CodeReader(string source)
    {
        private readonly StringBuilder _code = new();
        private int _position;

        public string Read()
        {
            ReadCode(isHole: false);
            return _code.ToString();
        }

        private bool IsAtEnd => _position >= source.Length;

        private bool StartsWith(string text) => string.CompareOrdinal(source, _position, text, 0, text.Length) == 0;

        /// <summary>Copies code up to the end or, in the hole of a string, up to its closing brace.</summary>
        private void ReadCode(bool isHole)
        {
            int depth = 0;
            while (!IsAtEnd)
            {
                char next = source[_position];
                if (isHole && next == '}' && depth == 0)
                {
                    return;
                }

                if (StartsWith("//"))
                {
                    SkipTo("\n", skipsEnd: false);
                }
                else if (StartsWith("/*"))
                {
                    SkipTo("*/", skipsEnd: true);
                }
                else if (next == '\'')
                {
                    _position += source[_position + 1] == '\\' ? 2 : 1;
                    SkipTo("'", skipsEnd: true, start: 1);
                }
                else if (next is '"' || (next is '$' or '@' && IsStringPrefix()))
                {
                    ReadString();
                }
                else
                {
                    depth += next == '{' ? 1 : next == '}' ? -1 : 0;
                    _code.Append(next);
                    _position++;
                }
            }
        }

        private bool IsStringPrefix()
        {
            int end = _position;
            while (end < source.Length && source[end] is '$' or '@')
            {
                end++;
            }

            return end < source.Length && source[end] == '"';
        }

        private void SkipTo(string end, bool skipsEnd, int start = 0)
        {
            int found = source.IndexOf(end, Math.Min(_position + start, source.Length), StringComparison.Ordinal);
            _position = found < 0 ? source.Length : found + (skipsEnd ? end.Length : 0);
            _code.Append(' ');
        }

        private int CountRun(char character)
        {
            int count = 0;
            while (_position + count < source.Length && source[_position + count] == character)
            {
                count++;
            }

            return count;
        }

        private void ReadString()
        {
            int dollars = 0;
            bool isVerbatim = false;
            for (; source[_position] != '"'; _position++)
            {
                dollars += source[_position] == '$' ? 1 : 0;
                isVerbatim |= source[_position] == '@';
            }

            int quotes = CountRun('"');
            bool isRaw = !isVerbatim && quotes >= 3;
            _position += isRaw ? quotes : 1;
            _code.Append(' ');
            while (!IsAtEnd)
            {
                char next = source[_position];
                if (next == '"' && isRaw && CountRun('"') >= quotes)
                {
                    _position += CountRun('"');
                    return;
                }

                if (next == '"' && !isRaw && !(isVerbatim && CountRun('"') >= 2))
                {
                    _position++;
                    return;
                }

                if (next == '{' && dollars > 0)
                {
                    if (OpensHole(isRaw, dollars))
                    {
                        ReadCode(isHole: true);
                        _position += isRaw ? dollars : 1;
                        _code.Append(' ');
                    }

                    continue;
                }

                // An escape: two characters of which the second does not end the string.
                bool isEscape = !isRaw && (next == '\\' ? !isVerbatim : next == '"');
                _position += isEscape ? 2 : 1;
            }
        }

        /// <summary>Skips a run of braces and returns whether it begins a hole: in a raw string as many braces as it has dollar signs do.</summary>
        private bool OpensHole(bool isRaw, int dollars)
        {
            int braces = CountRun('{');
            _position += braces;
            return isRaw ? braces >= dollars : braces % 2 == 1;
        }
    }
}
