using System.CommandLine.Parsing;
using KmsTool.Simulator.Iam;
using KmsTool.Simulator.Iam.Policies;
using KmsTool.Tests.Protocol.Attestation;
using KmsTool.Tests.Protocol.Images;
using KmsTool.Tests.Simulator;
using KmsTool.Tests.Simulator.Iam.Policies;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Docs;

/// <summary>What docs/key-policy.md shows and tells to type is so.</summary>
public sealed class KeyPolicyPageTests : IDisposable
{
    private static readonly string Page = DocsPage.Named("key-policy.md");

    private static readonly string[] Commands = [.. DocsPage.Blocks(Page, "sh").SelectMany(block => block)];

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Policy_shown_is_the_one_printed()
    {
        string command = Commands.Single(line => line.StartsWith("kmstool-instance policy", StringComparison.Ordinal) && !line.Contains("--image", StringComparison.Ordinal));

        string policy = (await ProgramRunner.RunAsync("kmstool-instance", CommandLineParser.SplitCommandLine(command).Skip(1))).Output;

        Assert.Contains(string.Join('\n', DocsPage.Blocks(Page, "json")[0]), policy, StringComparison.Ordinal);
        string[] explained = [.. File.ReadLines(Page).Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('`')[1])];
        Assert.Equal(explained, policy.Split('\n').Where(line => line.Contains("\"Sid\"", StringComparison.Ordinal)).Select(line => line.Split('"')[3]));
    }

    [Fact]
    public async Task Policy_with_two_values_as_shown_admits_both_images_and_no_third()
    {
        var account = new AwsAccount(AwsAccount.ExampleId, "eu-central-1");
        string old = Convert.ToHexStringLower(TestChain.Pcr(0));
        string printed = (await ProgramRunner.RunAsync("kmstool-instance",
            ["policy", "--role-arn", account.RoleArn("instance"), "--admin-arn", account.UserArn("administrator"), "--deny", "--pcr", $"0={old}"])).Output;
        string shown = Assert.Single(DocsPage.Blocks(Page, "json")[1]).Replace("OLD", old, StringComparison.Ordinal);
        string two = printed.Replace(
            $"\"kms:RecipientAttestation:ImageSha384\": \"{old}\"",
            shown.Replace("NEW", Convert.ToHexStringLower(TestChain.Pcr(1)), StringComparison.Ordinal),
            StringComparison.Ordinal);
        PolicyDocument policy = PolicyParser.Parse(two);
        AuthorizationDecision decide(int image) => PolicyEvaluator.Evaluate(policy, new AuthorizationRequest(
            AwsPrincipal.RoleSession(account, "instance", "i-0123456789abcdef0"), "kms:Decrypt", account.KeyArn("12345678-1234-1234-1234-123456789012"),
            RequestContexts.Of(new() { ["kms:RecipientAttestation:ImageSha384"] = Convert.ToHexStringLower(TestChain.Pcr(image)) })));

        Assert.Equal(AuthorizationDecision.Allowed, decide(0));
        Assert.Equal(AuthorizationDecision.Allowed, decide(1));
        Assert.Equal(AuthorizationDecision.Denied, decide(2));
    }

    [Fact]
    public async Task Pcr3_is_computed_as_shown()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();

        ProgramResult result = await ProgramRunner.RunAsync("/bin/sh", ["-c", Commands.Single(line => line.EndsWith("| sha384sum", StringComparison.Ordinal))]);

        Assert.Equal(Convert.ToHexStringLower(simulator.Host.Pcrs.Read(3).Value) + "  -\n", result.Output);
    }

    [Fact]
    public async Task Trial_works_as_shown()
    {
        await File.WriteAllBytesAsync(_directory["enclave.eif"], TestImage.Create().Encode());
        int simulatorAt = Array.FindIndex(Commands, line => line.StartsWith("kmstool-simulator run", StringComparison.Ordinal));
        // A reader waits for each of them to say that it serves.
        IEnumerable<string> trial = Commands[(simulatorAt - 1)..].SelectMany(line => line.EndsWith('&') ? [line, WaitFor(line)] : new[] { line });
        string script = $"""
            PATH="{AppContext.BaseDirectory}:$PATH"
            cd '{_directory.Path}'
            trap 'kill $(jobs -p); wait' EXIT
            {string.Join('\n', trial)}
            """;

        ProgramResult result = await ProgramRunner.RunAsync(
            "/bin/bash",
            ["-c", script.Replace("/tmp/sim", _directory["sim"], StringComparison.Ordinal)],
            new Dictionary<string, string> { ["AWS_EC2_METADATA_DISABLED"] = "false" });

        Assert.True(result.Output.TrimEnd('\n').Split('\n')[^1] == "Hello", result.Error);
        Assert.Contains("AccessDeniedException", result.Error, StringComparison.Ordinal);
        Assert.Equal(1, result.ExitCode);
    }

    private static string WaitFor(string line)
    {
        string path = line.Contains("--listen", StringComparison.Ordinal) ? "enclave.sock" : line.Contains("vsock-proxy", StringComparison.Ordinal) ? "proxy.sock" : "env.sh";
        return $"i=0; until [ -e /tmp/sim/{path} ] || [ $((i += 1)) -gt 600 ]; do sleep 0.1; done";
    }
}
