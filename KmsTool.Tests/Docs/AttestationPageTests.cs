using KmsTool.Protocol.Attestation;
using KmsTool.Protocol.Nsm;
using KmsTool.Tests.Simulator;

namespace KmsTool.Tests.Docs;

/// <summary>What docs/attestation.md shows and lists is so.</summary>
public class AttestationPageTests
{
    private static readonly string Page = DocsPage.Named("attestation.md");

    [Fact]
    public void Program_is_the_one_that_is_compiled_here()
    {
        string[] compiled = [.. File.ReadLines(DocsPage.InRepository("KmsTool.Tests/Docs/AttestationSnippet.cs")).Select(line => line.Trim())];

        Assert.All(Assert.Single(DocsPage.Blocks(Page, "csharp")), line => Assert.Contains(line.Trim(), compiled));
    }

    [Fact]
    public async Task Program_takes_the_right_document_and_no_other()
    {
        byte[] nonce = [1, 2, 3];
        byte[] key = [4, 5];
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        await using NsmPeer nsm = await NsmPeer.ConnectAsync(simulator.Host.NsmAddress);
        byte[] document = Assert.IsType<NsmResponse.Attestation>(await nsm.SendAsync(new NsmRequest.Attestation(null, nonce, key))).Document.ToArray();
        byte[] pcr0 = simulator.Host.Pcrs.Read(0).Value;
        var verifier = new AttestationVerifier(AttestationRoot.FromCertificate(simulator.Host.NsmRoot));

        Assert.Equal(key, AttestationSnippet.Verify(verifier, document, pcr0, nonce).ToArray());
        Assert.StartsWith("NonceMismatch: ", Refusal(() => AttestationSnippet.Verify(verifier, document, pcr0, [1])), StringComparison.Ordinal);
        Assert.StartsWith("PcrMismatch: ", Refusal(() => AttestationSnippet.Verify(verifier, document, new byte[48], nonce)), StringComparison.Ordinal);
        Assert.StartsWith("RootMismatch: ", Refusal(() => AttestationSnippet.VerifyByAws(document, pcr0, nonce)), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_failure_is_explained()
    {
        string[] lines = File.ReadAllLines(Page);

        Assert.All(
            Enum.GetNames<AttestationFailure>().Except([nameof(AttestationFailure.None)]),
            failure => Assert.Single(lines, line => line.StartsWith($"| {failure} | ", StringComparison.Ordinal)));
    }

    private static string Refusal(Func<object> verify) => Assert.Throws<InvalidDataException>(verify).Message;
}
