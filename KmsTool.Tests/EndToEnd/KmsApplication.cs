using System.Collections;
using System.Text;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;

namespace KmsTool.Tests.EndToEnd;

/// <summary>An application of an enclave that knows nothing of it: AWS's client, with what it finds in its environment.</summary>
internal static class KmsApplication
{
    public const string Name = "use-kms";

    /// <summary>The command that decrypts each line of its input, after it has printed its environment.</summary>
    public static string[] Command => [Support.ProgramRunner.Dotnet, typeof(KmsApplication).Assembly.Location, Name];

    public static async Task<int> RunAsync(string[] _)
    {
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            await Console.Out.WriteLineAsync($"environment: {variable.Key}={variable.Value}");
        }

        using var kms = new AmazonKeyManagementServiceClient();
        await Console.Out.WriteLineAsync("ready");
        while (await Console.In.ReadLineAsync() is { Length: > 0 } ciphertext)
        {
            try
            {
                DecryptResponse decrypted = await kms.DecryptAsync(new DecryptRequest { CiphertextBlob = new MemoryStream(Convert.FromBase64String(ciphertext)) });
                await Console.Out.WriteLineAsync("plaintext: " + Encoding.UTF8.GetString(decrypted.Plaintext.ToArray()));
            }
            catch (AmazonKeyManagementServiceException e)
            {
                await Console.Out.WriteLineAsync($"refused: {e.ErrorCode}: {e.Message}");
            }
        }

        return 42;
    }
}
