using System.CommandLine;
using System.CommandLine.Parsing;

namespace KmsTool.Benchmarks.Commands;

/// <summary>Options whose value is <c>NAME=VALUE</c>, an environment variable of a program that is measured.</summary>
internal static class EnvironmentOption
{
    public static Option<KeyValuePair<string, string>[]> Create(string name) => new(name) { CustomParser = result => Parse(name, result) };

    private static KeyValuePair<string, string>[] Parse(string name, ArgumentResult result)
    {
        var variables = new List<KeyValuePair<string, string>>();
        foreach (Token token in result.Tokens)
        {
            if (token.Value.Split('=', 2) is [{ Length: > 0 } variable, var value])
            {
                variables.Add(new(variable, value));
            }
            else
            {
                result.AddError($"{name} '{token.Value}' is not NAME=VALUE.");
            }
        }

        return [.. variables];
    }
}
