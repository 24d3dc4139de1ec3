using KmsTool.Tests.Docs;
using KmsTool.Tests.Support;

namespace KmsTool.Tests;

/// <summary>The layout of the source tree, as docs/architecture.md describes it, and samples that prove that each rule finds violations.</summary>
public sealed class ArchitectureTests
{
    private const string Table =
        """
        | folder | contents | may use |
        |---|---|---|
        | `KmsTool.Protocol/` | the library: `Nsm/` | .NET |
        | `KmsTool.CommandLine/` | options | Protocol (addresses), YamlDotNet |
        | `KmsTool.Simulator/` | `Commands/`, `Hosting/`, `Kms/` (`Keys/`), `Sts/` | all of the above |
        | `KmsTool.Tests/` | tests | all |
        | `KmsTool.Benchmarks/` | the load tool | all but Simulator |

        """;

    private static readonly Lazy<ArchitectureRules> Repository = new(() => ArchitectureRules.Read(DocsPage.InRepository(".")));

    [Fact]
    public void Namespaces_do_not_use_each_other() => AssertNone(Repository.Value.FindNamespaceCycles());

    [Fact]
    public void Projects_reference_what_the_table_allows() => AssertNone(Repository.Value.FindForbiddenReferences());

    [Fact]
    public void Programs_depend_from_commands_to_hosting_to_features() => AssertNone(Repository.Value.FindUpwardUses());

    [Fact]
    public void Features_do_not_use_the_command_line() => AssertNone(Repository.Value.FindFeaturesWithCommandLine());

    [Fact]
    public void Folders_are_named_in_the_table() => AssertNone(Repository.Value.FindUnnamedFolders());

    [Fact]
    public void Short_files_hold_enums_exceptions_or_interfaces() => AssertNone(Repository.Value.FindShortFiles());

    [Fact]
    public void FindNamespaceCycles_using_directives_in_both_directions_is_a_violation()
    {
        ArchitectureRules rules = Tree(
            ("KmsTool.Simulator/Kms/A.cs", "using KmsTool.Simulator.Sts;\n\nnamespace KmsTool.Simulator.Kms;\n\ninternal sealed class A(B b);\n"),
            ("KmsTool.Simulator/Sts/B.cs", "using KmsTool.Simulator.Kms;\n\nnamespace KmsTool.Simulator.Sts;\n\ninternal sealed class B(A a);\n"));

        string violation = Assert.Single(rules.FindNamespaceCycles());

        Assert.Contains("KmsTool.Simulator.Kms and KmsTool.Simulator.Sts", violation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("internal sealed class Key(A a);", 1)]
    [InlineData("internal sealed class Key { string Text => $\"{new A()}\"; }", 1)]
    [InlineData("// Used by A.\ninternal sealed class Key { string Text => \"A\"; }", 0)]
    [InlineData("internal sealed class Key { object Text => Other.A; }", 0)]
    [InlineData("internal sealed class Key(A a);\n\ninternal sealed class A;", 0)]
    public void FindNamespaceCycles_nested_namespace_uses_its_parent_by_a_type_of_it(string code, int count)
    {
        ArchitectureRules rules = Tree(
            ("KmsTool.Simulator/Kms/A.cs", "using KmsTool.Simulator.Kms.Keys;\n\nnamespace KmsTool.Simulator.Kms;\n\ninternal sealed class A(Key key);\n"),
            ("KmsTool.Simulator/Kms/Keys/Key.cs", $"namespace KmsTool.Simulator.Kms.Keys;\n\n{code}\n"));

        Assert.Equal(count, rules.FindNamespaceCycles().Count);
    }

    [Fact]
    public void FindNamespaceCycles_full_name_is_a_use()
    {
        ArchitectureRules rules = Tree(
            ("KmsTool.Simulator/Kms/A.cs", "namespace KmsTool.Simulator.Kms;\n\ninternal sealed class A(KmsTool.Simulator.Sts.B b);\n"),
            ("KmsTool.Simulator/Sts/B.cs", "using A = KmsTool.Simulator.Kms.A;\n\nnamespace KmsTool.Simulator.Sts;\n\ninternal sealed class B(A a);\n"));

        Assert.Single(rules.FindNamespaceCycles());
    }

    [Theory]
    [InlineData("KmsTool.CommandLine", "KmsTool.Protocol", 0)]
    [InlineData("KmsTool.CommandLine", "KmsTool.Simulator", 1)]
    [InlineData("KmsTool.Protocol", "KmsTool.CommandLine", 1)]
    [InlineData("KmsTool.Simulator", "KmsTool.CommandLine", 0)]
    [InlineData("KmsTool.Simulator", "KmsTool.Benchmarks", 1)]
    [InlineData("KmsTool.Tests", "KmsTool.Simulator", 0)]
    [InlineData("KmsTool.Benchmarks", "KmsTool.Protocol", 0)]
    [InlineData("KmsTool.Benchmarks", "KmsTool.Simulator", 1)]
    [InlineData("KmsTool.Unknown", "KmsTool.Protocol", 1)]
    public void FindForbiddenReferences_compares_projects_with_the_table(string project, string reference, int count)
    {
        ArchitectureRules rules = Tree(
            ($"{project}/{project}.csproj", $"<Project>\n  <ProjectReference Include=\"../{reference}/{reference}.csproj\" />\n</Project>\n"));

        Assert.Equal(count, rules.FindForbiddenReferences().Count);
    }

    [Theory]
    [InlineData("Commands", "Hosting", 0)]
    [InlineData("Commands", "Kms", 0)]
    [InlineData("Hosting", "Kms", 0)]
    [InlineData("Kms", "Sts", 0)]
    [InlineData("Hosting", "Commands", 1)]
    [InlineData("Kms", "Hosting", 1)]
    [InlineData("Kms.Keys", "Commands", 1)]
    public void FindUpwardUses_allows_commands_to_hosting_to_features_only(string from, string to, int count)
    {
        ArchitectureRules rules = Tree(
            ("KmsTool.Simulator/A.cs", $"using KmsTool.Simulator.{to};\n\nnamespace KmsTool.Simulator.{from};\n\ninternal sealed class A(B b);\n"),
            ("KmsTool.Simulator/B.cs", $"namespace KmsTool.Simulator.{to};\n\ninternal sealed class B;\n"));

        Assert.Equal(count, rules.FindUpwardUses().Count);
    }

    [Theory]
    [InlineData("KmsTool.Simulator.Kms", "KmsTool.CommandLine", 1)]
    [InlineData("KmsTool.Simulator.Kms", "KmsTool.Simulator.Commands", 1)]
    [InlineData("KmsTool.Simulator.Kms", "KmsTool.CommandLine.Yaml", 1)]
    [InlineData("KmsTool.Simulator.Hosting", "KmsTool.CommandLine", 0)]
    [InlineData("KmsTool.Simulator.Commands", "KmsTool.CommandLine", 0)]
    [InlineData("KmsTool.Simulator", "KmsTool.CommandLine", 0)]
    public void FindFeaturesWithCommandLine_concerns_features_only(string from, string to, int count)
    {
        ArchitectureRules rules = Tree(
            ("KmsTool.Simulator/A.cs", $"using {to};\n\nnamespace {from};\n\ninternal sealed class A(B b);\n"),
            ("KmsTool.CommandLine/B.cs", $"namespace {to};\n\ninternal sealed class B;\n"));

        Assert.Equal(count, rules.FindFeaturesWithCommandLine().Count);
    }

    [Theory]
    [InlineData("KmsTool.Simulator/Program.cs", 0)]
    [InlineData("KmsTool.Simulator/Kms/A.cs", 0)]
    [InlineData("KmsTool.Simulator/Kms/Keys/A.cs", 0)]
    [InlineData("KmsTool.Simulator/Kms/Faults/A.cs", 1)]
    [InlineData("KmsTool.Simulator/Nsm/A.cs", 1)]
    [InlineData("KmsTool.Unknown/A.cs", 1)]
    [InlineData("KmsTool.Tests/Anything/A.cs", 0)]
    public void FindUnnamedFolders_wants_each_folder_in_the_row_of_its_project(string path, int count) =>
        Assert.Equal(count, Tree((path, "namespace N;\n\ninternal sealed class A;\n")).FindUnnamedFolders().Count);

    [Theory]
    [InlineData("internal sealed class A;", 0, 1)]
    [InlineData("internal sealed record A(int B);", 11, 1)]
    [InlineData("internal sealed class A;", 12, 0)]
    [InlineData("internal enum A;", 0, 0)]
    [InlineData("public interface IA;", 0, 0)]
    [InlineData("internal sealed class AException(string message) : Exception(message);", 0, 0)]
    [InlineData("internal enum A;\ninternal readonly record struct B(A A);", 0, 1)]
    [InlineData("[assembly: A]", 0, 1)]
    public void FindShortFiles_allows_enums_exceptions_and_interfaces(string code, int moreLines, int count)
    {
        string text = $"namespace KmsTool.Protocol;\n\n{code}\n{string.Concat(Enumerable.Repeat("// More.\n", moreLines))}";

        Assert.Equal(count, Tree(("KmsTool.Protocol/A.cs", text)).FindShortFiles().Count);
    }

    [Theory]
    [InlineData("a // b\nc", "a c")]
    [InlineData("a /* b\n */ c", "a c")]
    [InlineData("""a "b\"b" c""", "a c")]
    [InlineData("""a @"b""b\" c""", "a c")]
    [InlineData("""a '"' c '\'' d '\\' e""", "a c d e")]
    [InlineData("""a $"b{x["b"]}{{b}}" c""", "a x[ ] c")]
    [InlineData("""a $@"b{x}""b" c""", "a x c")]
    [InlineData("a \"\"\"b \" b\"\"\" c", "a c")]
    [InlineData("a $$\"\"\"b {b} {{x}} b\"\"\" c", "a x c")]
    [InlineData("a \"//\" c", "a c")]
    [InlineData("a $\"{{\" c", "a c")]
    [InlineData("a \"\" c", "a c")]
    public void RemoveCommentsAndStrings_keeps_code_and_the_holes_of_strings(string source, string code) => Assert.Equal(
        code, string.Join(' ', ArchitectureRules.RemoveCommentsAndStrings(source).Split(default(char[]), StringSplitOptions.RemoveEmptyEntries)));

    private static ArchitectureRules Tree(params (string Path, string Text)[] files) =>
        new(files.Append((ArchitectureRules.DocumentPath, Table)).Select(file => KeyValuePair.Create(file.Item1, file.Item2)));

    private static void AssertNone(List<string> violations) => Assert.True(violations.Count == 0, string.Join('\n', violations));
}
