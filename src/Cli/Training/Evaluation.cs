using Gpu.Autograd.Data;

namespace Gpu.Autograd.Cli.Training;

/// <summary>How good a network is on some samples.</summary>
/// <param name="Right">How many it names right.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Loss">The mean cross-entropy.</param>
internal readonly record struct Evaluation(int Right, int Count, double Loss)
{
    /// <summary>The fraction that is right.</summary>
    public double Accuracy => (double)Right / Count;

    /// <summary>Asks the network about every sample.</summary>
    public static Evaluation Of(Classifier model, Batches samples) => Tensor.NoGrad(() =>
    {
        var (right, count, loss) = (0, 0, 0.0);
        foreach (var batch in samples.Epoch())
        {
            var logits = model.Forward(batch.Features);
            loss += logits.CrossEntropy(batch.Labels).Item() * batch.Count;
            right += logits.ArgMax().ToArray<long>().Zip(batch.Labels.ToArray<long>()).Count(pair => pair.First == pair.Second);
            count += batch.Count;
        }

        return new Evaluation(right, count, loss / count);
    });
}
