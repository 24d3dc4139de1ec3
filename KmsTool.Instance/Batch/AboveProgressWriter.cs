using System.Text;
using Spectre.Console;

namespace KmsTool.Instance.Batch;

/// <summary>Writes whole lines above a progress bar.</summary>
internal sealed class AboveProgressWriter(IAnsiConsole console) : TextWriter
{
    private readonly StringBuilder _line = new();

    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value)
    {
        lock (_line)
        {
            if (value != '\n')
            {
                _line.Append(value);
                return;
            }

            console.WriteLine(_line.ToString());
            _line.Clear();
        }
    }
}
