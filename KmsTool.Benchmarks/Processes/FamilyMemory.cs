namespace KmsTool.Benchmarks.Processes;

/// <summary>Memory of a process and its children.</summary>
/// <param name="Processes">How many they are.</param>
/// <param name="ResidentBytes">Sum of their VmRSS, in which what they share is counted once for each.</param>
/// <param name="ProportionalBytes">Sum of their PSS, in which it is counted once.</param>
internal readonly record struct FamilyMemory(int Processes, long ResidentBytes, long ProportionalBytes);
