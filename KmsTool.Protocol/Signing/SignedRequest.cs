using Microsoft.AspNetCore.Http;

namespace KmsTool.Protocol.Signing;

/// <summary>The parts of an HTTP request that a signature covers.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Target">Path and query exactly as they stood in the request line.</param>
/// <param name="Headers">All headers.</param>
/// <param name="Body">The whole body.</param>
internal sealed record SignedRequest(string Method, string Target, IHeaderDictionary Headers, ReadOnlyMemory<byte> Body);
