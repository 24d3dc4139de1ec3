namespace KmsTool.Benchmarks.Load;

/// <summary>How much is done at once, and when it ends: at whichever bound is met first.</summary>
/// <param name="Workers">Clients at once.</param>
/// <param name="Duration">How long.</param>
/// <param name="Operations">How many operations of all workers together.</param>
internal sealed record LoadBounds(int Workers, TimeSpan Duration, long Operations);
