using KmsTool.Simulator.Iam.Policies;

namespace KmsTool.Simulator.Kms;

/// <summary>A key policy: the text as it was put, and what it means.</summary>
internal sealed record KeyPolicy(string Text, PolicyDocument Document)
{
    /// <exception cref="KmsException">MalformedPolicyDocumentException.</exception>
    public static KeyPolicy Parse(string text)
    {
        try
        {
            return new KeyPolicy(text, PolicyParser.Parse(text));
        }
        catch (PolicyFormatException e)
        {
            throw new KmsException("MalformedPolicyDocumentException", e.Message);
        }
    }
}
