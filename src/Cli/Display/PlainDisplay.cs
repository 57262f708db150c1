using System.Diagnostics;
using Gpu.Autograd.Cli.Training;

namespace Gpu.Autograd.Cli.Display;

/// <summary>Lines for a file or a pipe: about twenty in all, and in long epochs one every ten seconds.</summary>
internal sealed class PlainDisplay(TextWriter output) : ITrainingDisplay
{
    private const int Lines = 20;
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public T Follow<T>(Func<Action<TrainingReport>, T> training)
    {
        var silence = Stopwatch.StartNew();
        return training(report =>
        {
            int every = (report.Epochs + Lines - 1) / Lines;
            bool due = report.EpochDone && (report.Epoch % every == 0 || report.Epoch is 1 || report.Epoch == report.Epochs);
            if (due || silence.Elapsed > LongestSilence)
            {
                output.WriteLine(Line(report));
                silence.Restart();
            }
        });
    }

    private static string Line(TrainingReport report)
    {
        string epoch = $"{report.Epoch}".PadLeft($"{report.Epochs}".Length);
        string step = $"{report.Step}".PadLeft($"{report.Steps}".Length);
        return $"epoch {epoch}/{report.Epochs}  step {step}/{report.Steps}  loss {Format.Loss(report.Loss),-7}  " +
            $"accuracy {Format.Percent(report.Accuracy),8}  {Format.Count(report.SamplesPerSecond),9} samples/s  " +
            Format.Remaining(report);
    }
}
