using System.Diagnostics;
using Gpu.Autograd.Cli.Training;
using Spectre.Console;

namespace Gpu.Autograd.Cli.Display;

/// <summary>Two lines on a screen that are redrawn with every report: how far, and how well.</summary>
internal sealed class ScreenDisplay(IAnsiConsole screen) : ITrainingDisplay
{
    private const int WidestBar = 50;
    private static readonly TimeSpan RedrawEvery = TimeSpan.FromMilliseconds(60);

    /// <inheritdoc/>
    public T Follow<T>(Func<Action<TrainingReport>, T> training) => screen.Live(new Text("starting …")).Start(context =>
    {
        context.Refresh();
        var drawn = Stopwatch.StartNew();
        return training(report =>
        {
            // Epochs may be shorter than a screen needs to draw.
            if (report.Step == 1 || report.Step == report.Steps || drawn.Elapsed > RedrawEvery)
            {
                context.UpdateTarget(Draw(report));
                drawn.Restart();
            }
        });
    });

    private Rows Draw(TrainingReport report)
    {
        double done = (double)report.Step / report.Steps;
        string epoch = $"{report.Epoch}/{report.Epochs}";
        string step = $"{Format.Count(report.Step)}/{Format.Count(report.Steps)}";
        int width = Math.Clamp(screen.Profile.Width - epoch.Length - step.Length - 26, 0, WidestBar);
        int filled = (int)(done * width);

        // Where there is no colour the rest of the bar must look different.
        var (full, rest) = screen.Profile.Capabilities.Unicode ? ('━', '─') : ('#', '-');
        string bar = $"[green]{new string(full, filled)}[/][grey]{new string(rest, width - filled)}[/]";
        return new Rows(
            new Markup($"[grey]epoch[/] {epoch}  {bar} {done * 100,3:0} %  [grey]step[/] {step}"),
            new Markup(
                $"[grey]loss[/] {Format.Loss(report.Loss)}  [grey]accuracy[/] {Format.Percent(report.Accuracy)}  " +
                $"{Format.Count(report.SamplesPerSecond)} [grey]samples/s[/]  {Format.Remaining(report)}"));
    }
}
