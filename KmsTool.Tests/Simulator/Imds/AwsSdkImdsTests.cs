using System.Globalization;
using System.Reflection;
using System.Runtime.Loader;
using KmsTool.Simulator.Iam;

namespace KmsTool.Tests.Simulator.Imds;

/// <summary>
/// The AWS SDK for .NET against the simulated metadata service. The SDK takes the endpoint from process-wide settings and
/// keeps it in statics; so it is loaded once more, with statics of its own, and given a configuration file.
/// </summary>
public sealed class AwsSdkImdsTests
{
    [Theory]
    [InlineData("http://127.0.0.1:{0}")]
    [InlineData("http://127.0.0.1:{0}/")]
    public async Task Sdk_findsRegionAndCredentials(string endpointFormat)
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync(options => options with { Region = "eu-central-1" });
        string config = Path.Combine(simulator.Host.Files.Directory, "aws-config");
        string endpoint = string.Format(CultureInfo.InvariantCulture, endpointFormat, simulator.Host.ImdsEndpoint.Port);
        await File.WriteAllTextAsync(config, $"[default]\nec2_metadata_service_endpoint = {endpoint}\n");

        (string region, string[] credentials) = await Task.Run(() => AskSdk(config)).WaitAsync(TimeSpan.FromSeconds(60));

        AwsCredential issued = simulator.Host.Role!.CurrentCredential();
        Assert.Equal("eu-central-1", region);
        Assert.Equal([issued.AccessKeyId, issued.SecretAccessKey, issued.SessionToken!], credentials);
    }

    private static (string Region, string[] Credentials) AskSdk(string configPath)
    {
        var context = new SdkContext();
        try
        {
            Assembly sdk = context.LoadFromAssemblyPath(typeof(Amazon.Runtime.AWSCredentials).Assembly.Location);
            Static(sdk, "Amazon.AWSConfigs", "AWSProfilesLocation").SetValue(null, configPath);
            object region = Static(sdk, "Amazon.Util.EC2InstanceMetadata", "Region").GetValue(null)!;

            object provider = Activator.CreateInstance(sdk.GetType("Amazon.Runtime.InstanceProfileAWSCredentials", throwOnError: true)!)!;
            object credentials = provider.GetType().GetMethod("GetCredentials", Type.EmptyTypes)!.Invoke(provider, null)!;
            string[] values = [.. ((string[])["AccessKey", "SecretKey", "Token"]).Select(name => Text(credentials, name))];
            return (Text(region, "SystemName"), values);
        }
        finally
        {
            context.Unload();
        }
    }

    private static PropertyInfo Static(Assembly sdk, string type, string name) =>
        sdk.GetType(type, throwOnError: true)!.GetProperty(name, BindingFlags.Public | BindingFlags.Static)!;

    private static string Text(object instance, string property) =>
        (string)instance.GetType().GetProperty(property)!.GetValue(instance)!;

    private sealed class SdkContext() : AssemblyLoadContext("AWSSDK.Core for itself", isCollectible: true);
}
