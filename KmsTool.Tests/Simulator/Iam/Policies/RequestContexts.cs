using KmsTool.Simulator.Iam.Policies;

namespace KmsTool.Tests.Simulator.Iam.Policies;

internal static class RequestContexts
{
    /// <summary>Makes the context of a request that has these keys, each with one value.</summary>
    public static RequestContext Of(Dictionary<string, string> values)
    {
        var context = new RequestContext();
        foreach ((string key, string value) in values)
        {
            context.Set(key, value);
        }

        return context;
    }
}
