namespace KmsTool.Signing;

/// <summary>The parts of an HTTP request that a signature covers.</summary>
/// <param name="method">The HTTP method.</param>
/// <param name="target">Path and query exactly as they stand in the request line.</param>
/// <param name="headers">All headers, one entry for each value, in their order.</param>
/// <param name="body">The whole body.</param>
internal sealed class SigV4Request(
    string method, string target, IReadOnlyList<KeyValuePair<string, string>> headers, ReadOnlyMemory<byte> body)
{
    public string Method { get; } = method;

    public string Target { get; } = target;

    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; } = headers;

    public ReadOnlyMemory<byte> Body { get; } = body;

    /// <summary>Creates a request from a dictionary of headers that may have several values each, as ASP.NET's.</summary>
    public static SigV4Request Create<TValues>(
        string method, string target, IEnumerable<KeyValuePair<string, TValues>> headers, ReadOnlyMemory<byte> body)
        where TValues : IEnumerable<string?> =>
        new(method, target, [.. headers.SelectMany(static header => header.Value, static (header, value) => KeyValuePair.Create(header.Key, value ?? ""))], body);

    /// <summary>Gets the values of a header, in their order; the case of its name does not matter (RFC 9110, section 5.1).</summary>
    public IEnumerable<string> ValuesOf(string name) => Headers
        .Where(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase))
        .Select(static header => header.Value);

    /// <summary>Gets the same request with another body.</summary>
    public SigV4Request WithBody(ReadOnlyMemory<byte> body) => new(Method, Target, Headers, body);
}
