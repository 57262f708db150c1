using Gpu.Autograd.Optim;

namespace Gpu.Autograd.Cli.Training;

/// <summary>How to train.</summary>
/// <param name="Epochs">How often every sample is seen.</param>
/// <param name="Batch">Samples a step.</param>
/// <param name="LearningRate">The learning rate in the beginning; it falls to 0 along half a cosine.</param>
/// <param name="Noise">The deviation of the noise that is added to the scaled features in every step.</param>
/// <param name="Optimizer">One of <see cref="Optimizers"/>.</param>
/// <param name="Seed">What all random choices follow from.</param>
internal sealed record TrainingSettings(int Epochs, int Batch, double LearningRate, double Noise, string Optimizer, ulong Seed)
{
    /// <summary>The share of samples that is held out to measure the accuracy.</summary>
    public const double HeldOut = 0.2;

    private const double Momentum = 0.9;

    private static readonly OrderedDictionary<string, (double Rate, Func<IEnumerable<Tensor>, double, Optimizer> Make)> Known = new()
    {
        ["adam"] = (0.01, (parameters, rate) => new Adam(parameters, rate)),
        ["adamw"] = (0.01, (parameters, rate) => new AdamW(parameters, rate)),
        ["sgd"] = (0.1, (parameters, rate) => new Sgd(parameters, rate, Momentum)),
    };

    /// <summary>The names of the optimizers, the default first.</summary>
    public static IReadOnlyList<string> Optimizers { get; } = [.. Known.Keys];

    /// <summary>The learning rate to begin with, where none is given.</summary>
    public static double DefaultRate(string optimizer) => Known[optimizer].Rate;

    /// <summary>The optimizer of the settings.</summary>
    public Optimizer NewOptimizer(IEnumerable<Tensor> parameters) => Known[Optimizer].Make(parameters, LearningRate);
}
