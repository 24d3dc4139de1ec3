using System.Text;
using Spectre.Console;

namespace KmsTool.Instance.Progress;

/// <summary>Writes whole lines above a progress bar, unbroken.</summary>
internal sealed class AboveProgressWriter(IAnsiConsole console) : TextWriter
{
    // The console returns to where the bar begins, overwrites, and draws the bar anew: a line that takes two rows of the
    // terminal must find them empty (ECMA-48, erase in display).
    private const string EraseToEnd = "\u001b[J";

    private readonly StringBuilder _line = new(EraseToEnd);

    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value)
    {
        lock (_line)
        {
            _line.Append(value);
            if (value != '\n')
            {
                return;
            }

            console.Write(new ControlCode(_line.ToString()));
            _line.Length = EraseToEnd.Length;
        }
    }
}
