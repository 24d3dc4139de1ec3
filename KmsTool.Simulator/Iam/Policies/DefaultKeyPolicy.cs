namespace KmsTool.Simulator.Iam.Policies;

/// <summary>The policy of a key that was created without one: the account's IAM policies decide.</summary>
internal static class DefaultKeyPolicy
{
    public static string For(AwsAccount account) =>
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
}
