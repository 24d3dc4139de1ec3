using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace KmsTool.Tests.Simulator.Iam.Policies;

/// <summary>A call as the policy sees it.</summary>
/// <param name="Identities">The account id, then the role of a session, then the user or session itself.</param>
/// <param name="IsAllowedByIam">Whether the caller's own IAM policies allow the action.</param>
/// <param name="Action">For example <c>kms:Decrypt</c>.</param>
/// <param name="Resource">The ARN of the key.</param>
/// <param name="Context">The condition keys that the request has, none of them without a value.</param>
internal sealed record ReferenceCall(
    IReadOnlyList<string> Identities, bool IsAllowedByIam, string Action, string Resource, IReadOnlyDictionary<string, string[]> Context);

/// <summary>
/// A second evaluator of key policies: slow and naive, with regular expressions over the JSON text, written from the AWS documentation
/// (IAM user guide, "IAM JSON policy elements"; KMS developer guide, "Key policies") and not from the simulator's code. It takes valid
/// policies only.
/// </summary>
internal static partial class ReferenceEvaluator
{
    /// <summary>Returns Allow, Deny or, where no statement applies, None.</summary>
    public static string Decide(string policy, ReferenceCall call)
    {
        JsonNode document = JsonNode.Parse(policy)!;
        bool hasVariables = (string?)document["Version"] == "2012-10-17";
        List<string> effects = [.. Items(document["Statement"]).Where(statement => Applies(statement!, call, hasVariables)).Select(Effect)];
        return effects.Contains("Deny") ? "Deny" : effects.Contains("Allow") ? "Allow" : "None";
    }

    private static string Effect(JsonNode? statement) => (string)statement!["Effect"]!;

    private static bool Applies(JsonNode statement, ReferenceCall call, bool hasVariables)
    {
        try
        {
            return AppliesToCaller(statement, call)
                && Either(statement, "Action", action => Pattern(action, call, false, isArn: false, ignoresCase: true).IsMatch(call.Action))
                && Either(statement, "Resource", resource => resource == "*" || Pattern(resource, call, hasVariables, isArn: true).IsMatch(call.Resource))
                && (statement["Condition"]?.AsObject() ?? []).All(block =>
                    block.Value!.AsObject().All(condition => Holds(block.Key, condition.Key, Items(condition.Value), call, hasVariables)));
        }
        catch (UnresolvedVariableException)
        {
            return false;
        }
    }

    private static bool AppliesToCaller(JsonNode statement, ReferenceCall call)
    {
        HashSet<string> named = [.. Principals(statement["Principal"] ?? statement["NotPrincipal"])];
        if (statement["NotPrincipal"] is not null)
        {
            return !named.Contains("*") && !call.Identities.All(named.Contains);
        }

        bool needsIam = Effect(statement) == "Allow";
        return named.Contains("*")
            || call.Identities.Skip(1).Any(named.Contains)
            || (named.Contains(call.Identities[0]) && (!needsIam || call.IsAllowedByIam));
    }

    // An account has two spellings; services name no caller here.
    private static IEnumerable<string> Principals(JsonNode? principal) => principal is JsonObject map
        ? Items(map["AWS"]).Select(name => AccountArn().Replace(name!.ToString(), "$1"))
        : [principal!.ToString()];

    // Every item is looked at, even after a match: a variable without a value spoils the statement wherever it stands.
    private static bool Either(JsonNode statement, string element, Func<string, bool> matches) => statement[element] is { } wanted
        ? Items(wanted).Select(item => matches(item!.ToString())).ToArray().Contains(true)
        : !Items(statement["Not" + element]).Select(item => matches(item!.ToString())).ToArray().Contains(true);

    private static bool Holds(string name, string key, List<JsonNode?> wanted, ReferenceCall call, bool hasVariables)
    {
        Match parts = OperatorName().Match(name);
        (string set, string core, bool ifExists) = (parts.Groups["set"].Value, parts.Groups["core"].Value, parts.Groups["exists"].Success);
        string[] actual = call.Context.FirstOrDefault(pair => pair.Key.Equals(key, StringComparison.OrdinalIgnoreCase)).Value ?? [];
        List<string> texts = [.. wanted.Select(item => item!.ToString())];
        if (core == "Null")
        {
            return texts.Exists(text => bool.Parse(text) == (actual.Length == 0));
        }

        bool isNegated = core.Contains("Not", StringComparison.Ordinal);
        if (actual.Length == 0)
        {
            return ifExists || set == "ForAllValues" || (set.Length == 0 && isNegated);
        }

        List<Func<string, bool>> tests = [.. texts.Select(text => Test(core.Replace("Not", "", StringComparison.Ordinal), text, call, hasVariables))];
        bool holds(string value) => tests.Exists(test => test(value)) != isNegated;
        return set == "ForAllValues" ? actual.All(holds) : actual.Any(holds);
    }

    private static Func<string, bool> Test(string core, string wanted, ReferenceCall call, bool hasVariables)
    {
        switch (core)
        {
            case "StringEquals" or "StringEqualsIgnoreCase":
                return Pattern(wanted, call, hasVariables, isArn: false, ignoresCase: core.EndsWith("IgnoreCase", StringComparison.Ordinal), hasWildcards: false).IsMatch;
            case "StringLike":
                return Pattern(wanted, call, hasVariables, isArn: false).IsMatch;
            case "ArnEquals" or "ArnLike":
                return Pattern(wanted, call, hasVariables, isArn: true).IsMatch;
            case "Bool":
                return value => bool.Parse(value) == bool.Parse(wanted);
            case "IpAddress":
                string[] range = wanted.Split('/');
                string network = Bits(range[0]);
                int length = range.Length > 1 ? int.Parse(range[1], CultureInfo.InvariantCulture) : network.Length;
                return value => Bits(value).Length == network.Length && Bits(value)[..length] == network[..length];
        }

        Func<string, double> measure = core.StartsWith("Date", StringComparison.Ordinal) ? Seconds : text => double.Parse(text, CultureInfo.InvariantCulture);
        return value => core[(core[0] == 'D' ? "Date" : "Numeric").Length..] switch
        {
            "Equals" => measure(value) == measure(wanted),
            "LessThan" => measure(value) < measure(wanted),
            "LessThanEquals" => measure(value) <= measure(wanted),
            "GreaterThan" => measure(value) > measure(wanted),
            _ => measure(value) >= measure(wanted),
        };
    }

    private static double Seconds(string date)
    {
        if (date.All(char.IsDigit))
        {
            return double.Parse(date, CultureInfo.InvariantCulture);
        }

        var time = DateTime.Parse(date, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);
        return (time - DateTime.UnixEpoch).TotalSeconds;
    }

    private static string Bits(string address) => string.Concat(IPAddress.Parse(address).GetAddressBytes().Select(b => Convert.ToString(b, 2).PadLeft(8, '0')));

    /// <summary>Translates a value of a policy into a regular expression. In an ARN, a wildcard stays within its part.</summary>
    private static Regex Pattern(
        string text, ReferenceCall call, bool hasVariables, bool isArn, bool ignoresCase = false, bool hasWildcards = true)
    {
        var regex = new StringBuilder(@"\A");
        int colons = 0;
        foreach (Match token in (hasVariables ? VariableOrCharacter() : AnyCharacter()).Matches(text))
        {
            if (hasWildcards && token.Value is "*" or "?")
            {
                regex.Append(isArn && colons < 5 ? "[^:]" : ".").Append(token.Value == "*" ? "*" : "");
                continue;
            }

            string literal = token.Value.StartsWith("${", StringComparison.Ordinal) && token.Length > 2 ? Resolve(token.Value[2..^1], call) : token.Value;
            regex.Append(Regex.Escape(literal));
            colons += literal.Count(character => character == ':');
        }

        regex.Append(isArn && colons < 5 ? @"(?!)\z" : @"\z");
        return new Regex(regex.ToString(), RegexOptions.Singleline | RegexOptions.CultureInvariant | (ignoresCase ? RegexOptions.IgnoreCase : RegexOptions.None));
    }

    private static string Resolve(string variable, ReferenceCall call)
    {
        if (variable is "*" or "?" or "$")
        {
            return variable;
        }

        string[] parts = variable.Split(", '");
        string[]? values = call.Context.FirstOrDefault(pair => pair.Key.Equals(parts[0], StringComparison.OrdinalIgnoreCase)).Value;
        return values?[0] ?? (parts.Length > 1 ? parts[1][..^1] : throw new UnresolvedVariableException());
    }

    private static List<JsonNode?> Items(JsonNode? node) => node is JsonArray array ? [.. array] : node is null ? [] : [node];

    [GeneratedRegex(@"\Aarn:aws:iam::([0-9]{12}):root\z")]
    private static partial Regex AccountArn();

    [GeneratedRegex(@"\A((?<set>ForAnyValue|ForAllValues):)?(?<core>\w+?)(?<exists>IfExists)?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex OperatorName();

    [GeneratedRegex(@"\$\{[^}]*\}|.", RegexOptions.Singleline)]
    private static partial Regex VariableOrCharacter();

    [GeneratedRegex(".", RegexOptions.Singleline)]
    private static partial Regex AnyCharacter();

    private sealed class UnresolvedVariableException : Exception;
}
