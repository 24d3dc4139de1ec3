using System.Text;
using KmsTool.Simulator.Iam;
using KmsTool.Simulator.Iam.Policies;

namespace KmsTool.Simulator.Kms.Keys;

/// <summary>A key policy: the text as it was put, and what it means.</summary>
internal sealed record KeyPolicy(string Text, PolicyDocument Document)
{
    /// <summary>The longest text that a request may carry, in characters (KMS API reference, PutKeyPolicy).</summary>
    public const int MaxRequestLength = 131_072;

    /// <summary>The size limit of a key policy, in bytes of UTF-8 (KMS developer guide, "Resource quotas").</summary>
    private const int MaxLength = 32 * 1024;

    /// <exception cref="KmsException">LimitExceededException or MalformedPolicyDocumentException.</exception>
    public static KeyPolicy Parse(string text, AwsAccount account)
    {
        if (Encoding.UTF8.GetByteCount(text) > MaxLength)
        {
            throw new KmsException("LimitExceededException", $"The key policy is larger than {MaxLength} bytes.");
        }

        if (!text.All(IsAllowed))
        {
            throw Malformed("A key policy can have printable characters of ASCII and Latin-1, tabs and line breaks only.");
        }

        try
        {
            PolicyDocument document = PolicyParser.Parse(text);
            RequireKnownPrincipals(document, account);
            return new KeyPolicy(text, document);
        }
        catch (PolicyFormatException e)
        {
            throw Malformed(e.Message);
        }
    }

    /// <summary>Gets the text of the policy of a key that was created without one: the account's IAM policies decide.</summary>
    public static string FormatDefault(AwsAccount account) =>
        $$"""
        {
          "Version" : "2012-10-17",
          "Id" : "key-default-1",
          "Statement" : [ {
            "Sid" : "Enable IAM User Permissions",
            "Effect" : "Allow",
            "Principal" : {
              "AWS" : "{{account.RootArn}}"
            },
            "Action" : "kms:*",
            "Resource" : "*"
          } ]
        }
        """;

    public static KmsException Malformed(string message) => new("MalformedPolicyDocumentException", message);

    private static bool IsAllowed(char character) => character is '\t' or '\n' or '\r' or (<= '\u00FF' and not (< ' ' or (>= '\u007F' and < '\u00A0')));

    // KMS refuses principals that do not exist. Of other accounts nothing is known here, and AssumeRole gives out any role of this one.
    private static void RequireKnownPrincipals(PolicyDocument document, AwsAccount account)
    {
        string users = account.UserArn(""), administrator = AwsPrincipal.Administrator(account).Arn;
        foreach (PolicyPrincipal principal in document.Statements.SelectMany(statement => statement.Principals.Items))
        {
            if (principal.Value.StartsWith(users, StringComparison.Ordinal) && principal.Value != administrator)
            {
                throw Malformed($"The policy has an invalid principal: the simulator has no user '{principal.Value}', only '{administrator}'.");
            }
        }
    }
}
