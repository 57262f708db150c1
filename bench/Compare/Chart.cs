using System.Globalization;
using System.Security;
using System.Text;

namespace Gpu.Autograd.Bench.Compare;

/// <summary>The ratios as bars on a logarithmic axis, with a mark where each is aimed at.</summary>
internal static class Chart
{
    private const int Left = 170;
    private const int Width = 560;
    private const int RowHeight = 34;
    private const int Top = 56;

    public static string Draw(IReadOnlyList<Outcome> outcomes)
    {
        string[] names = [.. outcomes.Where(o => o.Ratio is not null).Select(o => o.Name).Distinct()];
        double most = outcomes.Max(o => Math.Max(o.Ratio ?? 1, o.Target ?? 1)) * 1.5;
        double least = Math.Min(0.5, outcomes.Min(o => o.Ratio ?? 1) / 1.5);
        int height = Top + (names.Length * RowHeight) + 40;
        var svg = new StringBuilder();
        svg.AppendLine(Invariant(
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Left + Width + 70} {height}\" font-family=\"sans-serif\" font-size=\"12\">"));
        svg.AppendLine("<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>");
        svg.AppendLine("<text x=\"12\" y=\"22\" font-size=\"15\" fill=\"#222222\">PyTorch's time / ours (above 1: ours is faster)</text>");
        svg.AppendLine("<text x=\"12\" y=\"40\" fill=\"#666666\">light: one thread · dark: all threads · bar: what is aimed at</text>");
        foreach (double tick in new[] { 0.5, 1, 2, 5, 10, 20, 50, 100 }.Where(tick => tick >= least && tick <= most))
        {
            string line = tick == 1 ? "#333333" : "#dddddd";
            svg.AppendLine(Invariant(
                $"<line x1=\"{X(tick)}\" y1=\"{Top}\" x2=\"{X(tick)}\" y2=\"{height - 30}\" stroke=\"{line}\"/>"));
            svg.AppendLine(Invariant($"<text x=\"{X(tick)}\" y=\"{height - 14}\" text-anchor=\"middle\" fill=\"#666666\">{tick}×</text>"));
        }

        foreach (var (row, name) in names.Index())
        {
            double y = Top + (row * RowHeight);
            svg.AppendLine(Invariant(
                $"<text x=\"{Left - 10}\" y=\"{y + 20}\" text-anchor=\"end\" fill=\"#222222\">{SecurityElement.Escape(name)}</text>"));
            foreach (var (at, outcome) in outcomes.Where(o => o.Name == name && o.Ratio is not null).Index())
            {
                double from = Math.Min(X(1), X(outcome.Ratio!.Value));
                double to = Math.Max(X(1), X(outcome.Ratio.Value));
                svg.AppendLine(Invariant(
                    $"<rect x=\"{from}\" y=\"{y + 4 + (at * 12)}\" width=\"{to - from}\" height=\"11\" fill=\"{(at == 0 ? "#9ecae1" : "#3182bd")}\"/>"));
                svg.AppendLine(Invariant(
                    $"<text x=\"{to + 4}\" y=\"{y + 13.5 + (at * 12)}\" font-size=\"10\" fill=\"#444444\">{outcome.Ratio.Value:F2}</text>"));
            }

            double aim = outcomes.First(o => o.Name == name).Target ?? 1;
            svg.AppendLine(Invariant(
                $"<line x1=\"{X(aim)}\" y1=\"{y + 1}\" x2=\"{X(aim)}\" y2=\"{y + 31}\" stroke=\"#d62728\" stroke-width=\"2\"/>"));
        }

        return svg.AppendLine("</svg>").ToString();

        double X(double ratio) => Math.Round(Left + (Width * Math.Log(ratio / least) / Math.Log(most / least)), 1);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
