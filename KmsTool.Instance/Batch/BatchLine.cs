namespace KmsTool.Instance.Batch;

/// <summary>One line of a batch's input.</summary>
/// <param name="Number">From 1 on.</param>
/// <param name="End">How many bytes of the input end with it.</param>
/// <param name="Ciphertext">What it holds; <see langword="null"/> if that is no ciphertext.</param>
/// <param name="Problem">Why it is none; else <see langword="null"/>.</param>
internal sealed record BatchLine(long Number, long End, byte[]? Ciphertext, string? Problem);
