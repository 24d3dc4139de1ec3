using KmsTool.Simulator.Hosting;

namespace KmsTool.Tests.Simulator;

internal static class KeyPolicies
{
    /// <summary>The administrator administers and encrypts; the instance's role uses the key for one enclave image.</summary>
    public static string ForImage(SimulatorHost host, ReadOnlySpan<byte> pcr0) =>
        $$$"""
        {
          "Version": "2012-10-17",
          "Statement": [
            {
              "Effect": "Allow",
              "Principal": {"AWS": "{{{host.Administrator.Principal.Arn}}}"},
              "Action": ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:PutKeyPolicy", "kms:CreateAlias", "kms:GetPublicKey", "kms:Encrypt"],
              "Resource": "*"
            },
            {
              "Effect": "Allow",
              "Principal": {"AWS": "{{{host.Role!.Arn}}}"},
              "Action": ["kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyPair", "kms:DeriveSharedSecret"],
              "Resource": "*",
              "Condition": {"StringEqualsIgnoreCase": {"kms:RecipientAttestation:ImageSha384": "{{{Convert.ToHexString(pcr0)}}}"}}
            }
          ]
        }
        """;
}
