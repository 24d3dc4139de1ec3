using System.Text;
using KmsTool.Instance.Batch;

namespace KmsTool.Tests.Instance.Batch;

public class BatchLineReaderTests
{
    private static readonly string Longest = Convert.ToBase64String(new byte[6144]);

    [Theory]
    [InlineData("", "")]
    [InlineData("AQID", "1:AQID")]
    [InlineData("AQID\n", "1:AQID")]
    [InlineData("AQID\nBAUG", "1:AQID 2:BAUG")]
    [InlineData("AQID\r\nBAUG\r\n", "1:AQID 2:BAUG")]
    [InlineData("\uFEFFAQID\nBAUG\n", "1:AQID 2:BAUG")]
    [InlineData(" AQID\t\n", "1:AQID")]
    [InlineData("\nAQID\n\r\n \nAQ==\n", "1:blank 2:AQID 3:blank 4:blank 5:AQ==")]
    [InlineData("AQI\n", "1:base64")]
    [InlineData("AQ==AQ==\n", "1:base64")]
    [InlineData("\u001b[2J\n", "1:base64")]
    [InlineData("AQID\n\uFEFFAQID\n", "1:AQID 2:base64")]
    public async Task ReadAsync_lines_are_taken_as_they_are_meant(string input, string expected)
    {
        foreach (int chunk in new[] { 1, 2, 3, 1000 })
        {
            Assert.Equal(expected, string.Join(' ', (await ReadAllAsync(input, chunk)).Select(Describe)));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(100_000)]
    public async Task ReadAsync_longest_ciphertext_passes_and_more_is_refused_with_the_bound(int chunk)
    {
        string tooLong = Convert.ToBase64String(new byte[6145]);
        string endless = new string('A', 200_000);

        List<BatchLine> lines = await ReadAllAsync($"{Longest}\r\n{tooLong}\n{endless}\nAQID\n{endless}", chunk);

        Assert.Equal(6144, lines[0].Ciphertext!.Length);
        Assert.Contains("6145 bytes and KMS takes at most 6144", lines[1].Problem, StringComparison.Ordinal);
        Assert.Contains("at most 6144 bytes", lines[2].Problem, StringComparison.Ordinal);
        Assert.Equal([1, 2, 3], lines[3].Ciphertext);
        Assert.Contains("at most 6144 bytes", lines[4].Problem, StringComparison.Ordinal);
        Assert.Equal(5, lines.Count);
    }

    [Fact]
    public async Task ReadAsync_each_line_knows_where_it_ends()
    {
        List<BatchLine> lines = await ReadAllAsync($"\uFEFFAQID\r\n\n{new string('A', 100_000)}\nAQID", 7000);

        Assert.Equal([9, 10, 100_011, 100_015], lines.Select(line => line.End));
        Assert.Equal([1, 2, 3, 4], lines.Select(line => line.Number));
    }

    private static string Describe(BatchLine line) => line.Number + ":" + (line.Problem switch
    {
        null => Convert.ToBase64String(line.Ciphertext!),
        { } problem when problem.Contains("blank", StringComparison.Ordinal) => "blank",
        { } problem when problem.Contains("base64", StringComparison.Ordinal) => "base64",
        { } problem => problem,
    });

    private static async Task<List<BatchLine>> ReadAllAsync(string input, int chunk)
    {
        using var stream = new ChunkedStream(Encoding.UTF8.GetBytes(input), chunk);
        var reader = new BatchLineReader(stream);
        var lines = new List<BatchLine>();
        while (await reader.ReadAsync(CancellationToken.None) is { } line)
        {
            lines.Add(line);
        }

        return lines;
    }
}
