namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>A lookup and what comes of it.</summary>
/// <param name="Pending">The lookup.</param>
/// <param name="Resolution">The addresses to go on with, old ones where the lookup fails and there are any.</param>
/// <param name="Began">When it was asked for, on the <see cref="TimeProvider"/>'s clock.</param>
internal sealed record RunningLookup(PendingLookup Pending, Task<Resolution> Resolution, long Began);
