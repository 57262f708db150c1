namespace Gpu.Autograd.Cli.Training;

/// <summary>What came of a training.</summary>
/// <param name="Evaluation">How good the network is on the held-out samples.</param>
/// <param name="Epochs">Complete epochs.</param>
/// <param name="Steps">Steps done.</param>
/// <param name="Seconds">How long it took, measuring included.</param>
/// <param name="SamplesPerSecond">Training samples a second.</param>
/// <param name="Interrupted">Whether it was stopped before its end.</param>
internal sealed record TrainingResult(
    Evaluation Evaluation, int Epochs, long Steps, double Seconds, double SamplesPerSecond, bool Interrupted);
