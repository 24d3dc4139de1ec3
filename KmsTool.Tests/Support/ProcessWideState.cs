namespace KmsTool.Tests.Support;

/// <summary>Tests that change what the whole process shares, such as its environment; they run alone, one after the other.</summary>
// Public and by itself: xunit finds no other.
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ProcessWideState
{
    public const string Name = "process-wide state";
}
