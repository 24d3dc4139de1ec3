namespace KmsTool.Simulator.Iam;

/// <summary>The one account, in one region, that the simulator plays, and the names of what lives in it.</summary>
internal sealed record AwsAccount(string Id, string Region)
{
    /// <summary>The account id AWS uses in its own examples; it belongs to nobody.</summary>
    public const string ExampleId = "111122223333";

    public string RootArn => $"arn:aws:iam::{Id}:root";

    public string UserArn(string name) => $"arn:aws:iam::{Id}:user/{name}";

    public string RoleArn(string name) => $"arn:aws:iam::{Id}:role/{name}";

    public string SessionArn(string role, string session) => $"arn:aws:sts::{Id}:assumed-role/{role}/{session}";

    public string KeyArn(string keyId) => $"arn:aws:kms:{Region}:{Id}:key/{keyId}";

    /// <param name="alias">With <c>alias/</c> before it.</param>
    public string AliasArn(string alias) => $"arn:aws:kms:{Region}:{Id}:{alias}";
}
