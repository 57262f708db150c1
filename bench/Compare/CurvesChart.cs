using System.Globalization;

namespace Gpu.Autograd.Bench.Compare;

/// <summary>The curves on logarithmic axes, a panel for each thing that grows. Greys and colours read on white and on black.</summary>
internal static class CurvesChart
{
    private const int Left = 58;
    private const int Top = 58;
    private const int PanelWidth = 244;
    private const int PanelHeight = 260;
    private const int Gap = 62;
    private const string Grey = "#7d8590";
    private const string Faint = "stroke-opacity=\"0.35\"";

    private static readonly string[] Colours = ["#2f81f7", "#2da44e", "#db6d28"];

    public static string Draw(IReadOnlyList<Point> points)
    {
        int width = Left + (Curves.Families.Count * (PanelWidth + Gap)) - Gap + 16;
        int height = Top + PanelHeight + 32;
        var svg = new Svg(
            width, height, $"font-family=\"system-ui, 'DejaVu Sans', sans-serif\" font-size=\"12\" fill=\"{Grey}\" role=\"img\"");
        svg.Add($"<title>Time of a training step against width, depth and batch</title>");
        foreach (var (k, side) in Curves.Sides.Index().Where(side => points.Any(point => point.Side == side.Item)))
        {
            int x = Left + (k * 130);
            svg.Line(x, 18, x + 24, 18, Colours[k], "stroke-width=\"2.5\"");
            svg.Text(x + 30, 22, $"{side}{(k < 2 ? ", ours" : "")}");
        }

        int low = (int)Math.Floor(Math.Log10(points.Min(point => point.Seconds)));
        int high = (int)Math.Ceiling(Math.Log10(points.Max(point => point.Seconds)));
        foreach (var (panel, family) in Curves.Families.Index())
        {
            int left = Left + (panel * (PanelWidth + Gap));
            double first = Math.Log10(family.At[0]), last = Math.Log10(family.At[^1]);
            svg.Text(left, Top - 12, $"a step against {family.Along} n: {family.What}");
            for (int decade = low; decade <= high; decade++)
            {
                double y = Y(decade);
                svg.Line(left, y, left + PanelWidth, y, Grey, Faint);
                svg.Text(left - 6, y + 4, $"{Seconds(decade)}", "text-anchor=\"end\"");
            }

            for (int decade = (int)Math.Ceiling(first); decade <= last + 1e-9; decade++)
            {
                double x = X(decade);
                svg.Line(x, Top, x, Top + PanelHeight, Grey, Faint);
                svg.Text(x, Top + PanelHeight + 18, $"{Math.Pow(10, decade)}", "text-anchor=\"middle\"");
            }

            foreach (var (k, side) in Curves.Sides.Index())
            {
                var curve = points.Where(point => point.Along == family.Along && point.Side == side).ToList();
                if (curve.Count > 0)
                {
                    string path = string.Join(' ', curve.Select(point => string.Create(
                        CultureInfo.InvariantCulture, $"{X(Math.Log10(point.At))},{Y(Math.Log10(point.Seconds))}")));
                    svg.Add(
                        $"<polyline points=\"{path}\" fill=\"none\" stroke=\"{Colours[k]}\" stroke-width=\"2.5\" stroke-linejoin=\"round\"/>");
                }
            }

            double X(double decade) => Math.Round(left + (PanelWidth * (decade - first) / (last - first)), 1);
        }

        return svg.ToString();

        double Y(double decade) => Math.Round(Top + PanelHeight - (PanelHeight * (decade - low) / Math.Max(1, high - low)), 1);
    }

    private static string Seconds(int decade) => decade switch
    {
        < -3 => $"{Math.Pow(10, decade + 6)} µs",
        < 0 => $"{Math.Pow(10, decade + 3)} ms",
        _ => $"{Math.Pow(10, decade)} s",
    };
}
