using Gpu.Autograd.Cli.Training;

namespace Gpu.Autograd.Cli.Display;

/// <summary>Shows how a training goes.</summary>
internal interface ITrainingDisplay
{
    /// <summary>Runs a training, showing what it reports, and returns its result.</summary>
    T Follow<T>(Func<Action<TrainingReport>, T> training);
}
