using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using KmsTool.Simulator.Iam;
using KmsTool.Simulator.Iam.Policies;

namespace KmsTool.Tests.Simulator.Iam.Policies;

/// <summary>Generated policies and calls, decided by the simulator and by <see cref="ReferenceEvaluator"/>.</summary>
public sealed class PolicyPropertyTests
{
    private const int Cases = 4000;

    private static readonly AwsAccount Account = new(AwsAccount.ExampleId, "eu-west-1");
    private static readonly string KeyArn = Account.KeyArn("12345678-1234-1234-1234-123456789012");

    private static readonly AwsPrincipal[] Callers =
    [
        AwsPrincipal.Administrator(Account),
        AwsPrincipal.RoleSession(Account, "app", "session-1"),
        AwsPrincipal.RoleSession(Account, "app", "i-0123456789abcdef0"),
        AwsPrincipal.RoleSession(Account, "batch", "session-1"),
    ];

    private static readonly string[] Actions = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:PutKeyPolicy"];

    /// <summary>Condition keys, each with the operators for it and values that a request may have.</summary>
    private static readonly Key[] Keys =
    [
        new("kms:EncryptionContext:app", ["String", "Arn"], ["payroll", "Payroll", "pay*", "arn:aws:logs:eu-west-1:111122223333:log-group:app", "a:b:c:d:e:f"]),
        new("kms:EncryptionContext:user", ["String"], ["administrator", "alice", "${aws:username}", "?"]),
        new("kms:RecipientAttestation:PCR0", ["String"], ["c0ffee00", "C0FFEE00", "decade00"]),
        new("aws:username", ["String"], ["administrator", "alice"]),
        new("aws:PrincipalArn", ["Arn", "String"], ["arn:aws:iam::111122223333:role/app", "arn:aws:iam::111122223333:user/administrator"]),
        new("aws:SourceArn", ["Arn"], ["arn:aws:logs:eu-west-1:111122223333:log-group:app:stream/x", "arn:aws:s3:::bucket"]),
        new("aws:SourceIp", ["Ip", "String"], ["192.0.2.17", "192.0.2.18", "127.0.0.1", "2001:db8::1", "2001:db8:0:1::1"]),
        new("aws:CurrentTime", ["Date"], ["2026-05-01T12:00:00Z", "2026-05-01T11:59:59Z", "2026-12-31T23:59:59Z"]),
        new("aws:EpochTime", ["Date", "Numeric"], ["1777636800", "1777636799"]),
        new("aws:MultiFactorAuthAge", ["Numeric"], ["300", "0", "300.5"]),
        new("aws:SecureTransport", ["Bool", "String"], ["true", "false"]),
        new("kms:EncryptionContextKeys", ["String"], ["app", "App", "user", "stage"]) { IsMultivalued = true },
        new("aws:CalledVia", ["String"], ["athena.amazonaws.com", "kms.amazonaws.com"]) { IsMultivalued = true },
    ];

    private static readonly Dictionary<string, string[]> Operators = new()
    {
        ["String"] = ["StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike"],
        ["Arn"] = ["ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"],
        ["Ip"] = ["IpAddress", "NotIpAddress"],
        ["Date"] = ["DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"],
        ["Numeric"] = ["NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals"],
        ["Bool"] = ["Bool"],
    };

    [Fact]
    public void Evaluate_generatedPolicy_agreesWithTheReference()
    {
        var decisions = new Dictionary<string, int> { ["Allow"] = 0, ["Deny"] = 0, ["None"] = 0 };
        HashSet<string> operators = [];
        Property property = Prop.ForAll(Case().ToArbitrary(), generated =>
        {
            string expected = ReferenceEvaluator.Decide(generated.Policy, generated.ReferenceCall);
            decisions[expected]++;
            operators.UnionWith(generated.Operators);
            return Decide(generated) == expected;
        });

        Check.One(Config.QuickThrowOnFailure.WithMaxTest(Cases).WithReplay(20260501, 7), property);

        // The property says nothing if one decision hardly ever occurs.
        Assert.All(decisions, decision => Assert.True(decision.Value > Cases / 6, $"{decision.Key}: {decision.Value} of {Cases}"));
        Assert.Empty(Operators.Values.SelectMany(names => names).Append("Null").Except(operators));
    }

    [Fact]
    public void Parse_damagedPolicy_isReadOrRefused()
    {
        int refused = 0;
        Gen<string> damaged =
            from generated in Case()
            from at in Gen.Choose(0, generated.Policy.Length - 1)
            from length in Gen.Choose(0, 3)
            from inserted in Gen.Elements("", "\"", "{", "}", "[", ",", ":", "$", "${", "*", "Not", "0", "\\ud800", "é", "null")
            select generated.Policy[..at] + inserted + generated.Policy[Math.Min(generated.Policy.Length, at + length)..];

        Check.One(Config.QuickThrowOnFailure.WithMaxTest(Cases).WithReplay(20260502, 7), Prop.ForAll(damaged.ToArbitrary(), policy =>
        {
            try
            {
                Assert.NotEmpty(PolicyParser.Parse(policy).Statements);
            }
            catch (PolicyFormatException)
            {
                refused++;
            }
        }));

        Assert.InRange(refused, Cases / 2, Cases - 1);
    }

    private static string Decide(GeneratedCase generated)
    {
        var context = new RequestContext();
        foreach ((string key, string[] values) in generated.Context)
        {
            context.SetMany(key, values);
        }

        var request = new AuthorizationRequest(generated.Caller, generated.Action, KeyArn, context);
        return PolicyEvaluator.Evaluate(PolicyParser.Parse(generated.Policy), request) switch
        {
            AuthorizationDecision.Allowed => "Allow",
            AuthorizationDecision.Denied => "Deny",
            _ => "None",
        };
    }

    // The call comes first: most of what the policy then says is made of it, so that statements apply often enough.
    private static Gen<GeneratedCase> Case() =>
        from caller in Gen.Elements(Callers)
        from action in Gen.Elements(Actions)
        from context in Gen.CollectToArray(Keys, RequestValues)
        let present = context.Where(pair => pair.Value.Length > 0).ToDictionary(StringComparer.OrdinalIgnoreCase)
        from version in Gen.Frequency((6, Gen.Constant("2012-10-17")), (1, Gen.Constant("2008-10-17")), (1, Gen.Constant("")))
        from count in Gen.Choose(1, 4)
        from statements in Gen.CollectToArray(Enumerable.Range(0, count), _ => Statement(caller, action, present))
        select new GeneratedCase(caller, action, present, version, statements);

    private static Gen<KeyValuePair<string, string[]>> RequestValues(Key key) =>
        from isPresent in Chance(70)
        from count in Gen.Choose(1, key.IsMultivalued ? 3 : 1)
        from values in Gen.ArrayOf(Gen.Elements(key.Values), count)
        select KeyValuePair.Create(key.Name, isPresent ? values.Distinct().ToArray() : []);

    private static Gen<Dictionary<string, object>> Statement(AwsPrincipal caller, string action, Dictionary<string, string[]> context) =>
        from isAllow in Chance(65)
        from principal in Principal(caller, isAllow)
        from actions in Negatable("Action", Gen.Frequency((3, Gen.Constant(action)), (2, Gen.Elements("kms:*", "*", "KMS:decrypt", "kms:?ncrypt", "kms:Gen*Key", "kms:ReEncrypt*"))))
        from resources in Negatable("Resource", Gen.Frequency((6, Gen.Constant("*")), (3, Gen.Elements(
            KeyArn, "arn:aws:kms:*:111122223333:key/*", "arn:aws:kms:eu-west-1:111122223333:key/????????-*", "arn:aws:kms:us-east-1:111122223333:key/*",
            "arn:*:*:*:*:*", "arn:aws:kms:eu*:key/12345678-1234-1234-1234-123456789012:*")), (1, Gen.Elements(
            "arn:aws:kms:*:*:key/${aws:username}", "arn:aws:kms:*:*:key/${aws:username, '12345678'}*", "arn:aws:kms:*:*:k${*}*"))))
        from conditionCount in Gen.Frequency((4, Gen.Constant(0)), (5, Gen.Constant(1)), (3, Gen.Constant(2)), (1, Gen.Constant(3)))
        from conditions in Gen.ArrayOf(Condition(context), conditionCount)
        select new Dictionary<string, object>
        {
            ["Effect"] = isAllow ? "Allow" : "Deny",
            [principal.Key] = principal.Value,
            [actions.Key] = actions.Value,
            [resources.Key] = resources.Value,
            ["Condition"] = conditions.DistinctBy(condition => condition.Operator).ToDictionary(
                condition => condition.Operator, condition => new Dictionary<string, object> { [condition.Key] = condition.Values }),
        };

    private static Gen<KeyValuePair<string, object>> Principal(AwsPrincipal caller, bool isAllow)
    {
        string[] own = [AwsAccount.ExampleId, Account.RootArn, caller.PrincipalArn, caller.Arn];
        string[] others = [.. Callers.Select(other => other.Arn), .. Callers.Select(other => other.PrincipalArn), "444455556666", "*"];
        Gen<object> principals =
            from names in Gen.SubListOf(own)
            from more in Gen.SubListOf(others)
            from services in Chance(20)
            let named = names.Concat(more.Take(2)).ToArray()
            let listed = named.Length > 0 ? named : ["111122223333"]
            select (object)(services
                ? new Dictionary<string, object> { ["AWS"] = listed, ["Service"] = "logs.eu-west-1.amazonaws.com" }
                : new Dictionary<string, object> { ["AWS"] = listed.Length == 1 ? listed[0] : listed });
        return
            from isNegated in Chance(isAllow ? 0 : 25)
            from value in Gen.Frequency((isNegated ? 0 : 1, Gen.Constant((object)"*")), (2, principals))
            select KeyValuePair.Create(isNegated ? "NotPrincipal" : "Principal", value);
    }

    private static Gen<KeyValuePair<string, object>> Negatable(string name, Gen<string> item) =>
        from isNegated in Chance(15)
        from count in Gen.Choose(1, 2)
        from items in Gen.ArrayOf(item, count)
        select KeyValuePair.Create(isNegated ? "Not" + name : name, (object)(count == 1 ? items[0] : items));

    private static Gen<GeneratedCondition> Condition(Dictionary<string, string[]> context) =>
        from key in Gen.Elements(Keys)
        from isNull in Chance(8)
        from kind in Gen.Elements(key.Kinds)
        from core in Gen.Elements(Operators[kind])
        from usesSet in Chance(key.IsMultivalued ? 100 : 10)
        from forAll in Chance(50)
        let set = !usesSet ? "" : forAll && !key.Name.StartsWith("kms:EncryptionContext:", StringComparison.Ordinal) ? "ForAllValues:" : "ForAnyValue:"
        from ifExists in Chance(15)
        from spelling in Gen.Elements(key.Name, key.Name, key.Name.ToUpperInvariant())
        from count in Gen.Frequency((3, Gen.Constant(1)), (1, Gen.Constant(2)), (1, Gen.Constant(3)))
        from values in Gen.ArrayOf(isNull ? Gen.Elements("true", "false") : Value(kind, key, context), count)
        select new GeneratedCondition(
            isNull ? "Null" : set + core + (ifExists ? "IfExists" : ""), spelling, count == 1 ? values[0] : values);

    private static Gen<string> Value(string kind, Key key, Dictionary<string, string[]> context)
    {
        string[] actual = context.GetValueOrDefault(key.Name, key.Values);
        Gen<string> sample = Gen.Frequency((3, Gen.Elements(actual)), (2, Gen.Elements(key.Values)));
        switch (kind)
        {
            case "Ip":
                return from address in sample
                       from length in Gen.Choose(0, address.Contains(':', StringComparison.Ordinal) ? 128 : 32)
                       from isRange in Chance(70)
                       select isRange ? $"{address}/{length}" : address;
            case "Date":
                return Gen.Elements(
                    "2026-05-01T12:00:00Z", "2026-05-01T14:00:00+02:00", "2026-05-01T12:00Z", "2026-05-01", "2026-05", "2026-05-01T11:59:59.5Z", "1777636800", "0", "2027-01-01");
            case "Numeric":
                return Gen.Elements("300", "300.0", "300.5", "0", "-1", "1777636800", "1777636799.9");
            case "Bool":
                return Gen.Elements("true", "false", "True");
        }

        string[] variables = ["${aws:username}", "${aws:username, 'alice'}", "${kms:EncryptionContext:app}", "${AWS:userName}", "${*}", "${?}", "${$}", "$"];
        if (kind == "Arn")
        {
            return Gen.Frequency(
                (3, sample.Where(IsArn).Or(Gen.Constant("arn:aws:iam::*:role/*"))),
                (2, Gen.Elements("arn:aws:*:*:111122223333:*", "arn:aws:iam::111122223333:role/ap?", "arn:aws:logs:eu*:log-group:*", "arn:*:*::*:*:app")),
                (1, Gen.Elements(variables).Select(variable => "arn:aws:iam::111122223333:user/" + variable)));
        }

        return Gen.Frequency(
            (4, sample),
            (1, sample.Select(text => text.ToUpperInvariant())),
            (2, from text in sample.Where(text => !text.Contains('$', StringComparison.Ordinal))
                from at in Gen.Choose(0, text.Length - 1)
                from wildcard in Gen.Elements("*", "?", "*?", "**")
                select text[..at] + wildcard + text[Math.Min(text.Length, at + wildcard.Length)..]),
            (1, from text in Gen.Elements("", "a", "pay", "*")
                from variable in Gen.Elements(variables)
                select text + variable));
    }

    private static bool IsArn(string text) => text.StartsWith("arn:", StringComparison.Ordinal) && text.Count(character => character == ':') >= 5;

    private static Gen<bool> Chance(int percent) => Gen.Choose(1, 100).Select(number => number <= percent);

    private sealed record Key(string Name, string[] Kinds, string[] Values)
    {
        public bool IsMultivalued { get; init; }
    }

    private sealed record GeneratedCondition(string Operator, string Key, object Values);

    private sealed class GeneratedCase(
        AwsPrincipal caller, string action, Dictionary<string, string[]> context, string version, Dictionary<string, object>[] statements)
    {
        public AwsPrincipal Caller { get; } = caller;

        public string Action { get; } = action;

        public Dictionary<string, string[]> Context { get; } = context;

        public string Policy { get; } = JsonSerializer.Serialize(version.Length > 0
            ? new Dictionary<string, object> { ["Version"] = version, ["Statement"] = statements }
            : new Dictionary<string, object> { ["Statement"] = statements });

        public IEnumerable<string> Operators => statements
            .SelectMany(statement => ((Dictionary<string, Dictionary<string, object>>)statement["Condition"]).Keys)
            .Select(name => name.Split(':')[^1].Replace("IfExists", "", StringComparison.Ordinal));

        public ReferenceCall ReferenceCall => new(
            [Caller.AccountId, .. new HashSet<string> { Caller.PrincipalArn, Caller.Arn }], Caller.IsAllowedByIam(Action), Action, KeyArn, Context);

        // What a failure shows.
        public override string ToString() => $"{Caller.Arn} {Action} {JsonSerializer.Serialize(Context)}\n{Policy}";
    }
}
