namespace Gpu.Autograd.Cli.Training;

/// <summary>How far a training is.</summary>
/// <param name="Epoch">The epoch, from 1.</param>
/// <param name="Epochs">How many there will be.</param>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">How many there will be.</param>
/// <param name="Loss">The mean training loss of this epoch so far.</param>
/// <param name="Accuracy">The fraction of the held-out samples that is right, at the end of the last epoch; null before.</param>
/// <param name="SamplesPerSecond">Since the start.</param>
/// <param name="Remaining">Time left, if it goes on like this.</param>
/// <param name="EpochDone">Whether this is the end of the epoch.</param>
internal readonly record struct TrainingReport(
    int Epoch,
    int Epochs,
    long Step,
    long Steps,
    double Loss,
    double? Accuracy,
    double SamplesPerSecond,
    TimeSpan Remaining,
    bool EpochDone);
