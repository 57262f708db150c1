using Gpu.Autograd.Cli.Training;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Gpu.Autograd.Cli.Display;

/// <summary>Two lines on a screen that are redrawn with every report: how far, and how well.</summary>
internal sealed class LiveDisplay(IAnsiConsole screen) : ITrainingDisplay
{
    private const int WidestBar = 50;

    /// <inheritdoc/>
    public T Follow<T>(Func<Action<TrainingReport>, T> training) =>
        screen.Live(new Text("starting …")).Start(context => training(report => context.UpdateTarget(Draw(report))));

    private Rows Draw(TrainingReport report)
    {
        double done = report.Steps == 0 ? 1 : (double)report.Step / report.Steps;
        var epoch = $"epoch {report.Epoch}/{report.Epochs}";
        var step = $"step {Format.Count(report.Step)}/{Format.Count(report.Steps)}";
        int width = Math.Clamp(screen.Profile.Width - epoch.Length - step.Length - 14, 0, WidestBar);
        int filled = (int)(done * width);

        // Where there is no colour the rest of the bar must look different.
        var (full, rest) = screen.Profile.Capabilities.Unicode ? ('━', '─') : ('#', '-');
        return new Rows(
            Line($"[bold]{epoch}[/]  [green]{new string(full, filled)}[/][grey]{new string(rest, width - filled)}[/]  {done * 100,3:0} %  {step}"),
            Line(
                $"loss [bold]{Format.Loss(report.Loss)}[/]  accuracy [bold]{Format.Percent(report.Accuracy)}[/]  " +
                $"{Format.Count(report.SamplesPerSecond)} samples/s  {Format.Time(report.Remaining)} left"));
    }

    private static IRenderable Line(string markup) => new Markup(markup);
}
