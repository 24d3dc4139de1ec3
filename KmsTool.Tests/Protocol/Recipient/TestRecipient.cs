using System.Security.Cryptography;
using KmsTool.Protocol.Recipient;

namespace KmsTool.Tests.Protocol.Recipient;

/// <summary>One key pair for all tests that only need some key pair: making one takes long.</summary>
internal static class TestRecipient
{
    /// <summary>The key itself, for what is made and opened without the library.</summary>
    public static RSA Key { get; } = RSA.Create(2048);

    public static RecipientKeyPair KeyPair { get; } = new(Key);
}
