using System.Globalization;
using System.Security;
using System.Text;

namespace Gpu.Autograd.Bench.Compare;

/// <summary>A drawing as text: what the charts write alike. Numbers have a point wherever it runs.</summary>
internal sealed class Svg
{
    private readonly StringBuilder text = new();

    public Svg(int width, int height, string attributes) =>
        Add($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" {attributes}>");

    public void Line(double x1, double y1, double x2, double y2, string stroke, string more = "") =>
        Add($"<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"{stroke}\"{Attributes(more)}/>");

    public void Text(double x, double y, FormattableString words, string more = "") =>
        Add($"<text x=\"{x}\" y=\"{y}\"{Attributes(more)}>{SecurityElement.Escape(words.ToString(CultureInfo.InvariantCulture))}</text>");

    /// <summary>Whatever else it takes.</summary>
    public void Add(FormattableString element) => text.AppendLine(element.ToString(CultureInfo.InvariantCulture));

    public override string ToString() => text + "</svg>" + Environment.NewLine;

    private static string Attributes(string more) => more.Length == 0 ? "" : " " + more;
}
