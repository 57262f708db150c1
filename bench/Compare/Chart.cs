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
        var svg = new Svg(Left + Width + 70, height, "font-family=\"sans-serif\" font-size=\"12\"");
        svg.Add($"<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>");
        svg.Text(12, 22, $"PyTorch's time / ours (above 1: ours is faster)", "font-size=\"15\" fill=\"#222222\"");
        svg.Text(12, 40, $"light: one thread · dark: all threads · bar: what is aimed at", "fill=\"#666666\"");
        foreach (double tick in new[] { 0.5, 1, 2, 5, 10, 20, 50, 100 }.Where(tick => tick >= least && tick <= most))
        {
            svg.Line(X(tick), Top, X(tick), height - 30, tick == 1 ? "#333333" : "#dddddd");
            svg.Text(X(tick), height - 14, $"{tick}×", "text-anchor=\"middle\" fill=\"#666666\"");
        }

        foreach (var (row, name) in names.Index())
        {
            double y = Top + (row * RowHeight);
            svg.Text(Left - 10, y + 20, $"{name}", "text-anchor=\"end\" fill=\"#222222\"");
            foreach (var (at, outcome) in outcomes.Where(o => o.Name == name && o.Ratio is not null).Index())
            {
                double from = Math.Min(X(1), X(outcome.Ratio!.Value));
                double to = Math.Max(X(1), X(outcome.Ratio.Value));
                string fill = at == 0 ? "#9ecae1" : "#3182bd";
                svg.Add($"<rect x=\"{from}\" y=\"{y + 4 + (at * 12)}\" width=\"{to - from}\" height=\"11\" fill=\"{fill}\"/>");
                svg.Text(to + 4, y + 13.5 + (at * 12), $"{outcome.Ratio.Value:F2}", "font-size=\"10\" fill=\"#444444\"");
            }

            double aim = outcomes.First(o => o.Name == name).Target ?? 1;
            svg.Line(X(aim), y + 1, X(aim), y + 31, "#d62728", "stroke-width=\"2\"");
        }

        return svg.ToString();

        double X(double ratio) => Math.Round(Left + (Width * Math.Log(ratio / least) / Math.Log(most / least)), 1);
    }
}
