namespace Gpu.Autograd.Data;

/// <summary>Some rows of a data set, on the device that asked for them.</summary>
/// <param name="Features">float32 [B, F].</param>
/// <param name="Labels">int64 [B].</param>
public readonly record struct Batch(Tensor Features, Tensor Labels)
{
    /// <summary>B, the number of rows.</summary>
    public int Count => Labels.Count;
}

/// <summary>A data set in batches; the last one of an epoch is smaller where the size does not divide the rows.</summary>
public sealed class Batches
{
    private readonly Tensor features;
    private readonly Tensor labels;
    private readonly Generator? generator;
    private readonly int size;

    /// <summary>The data set goes to the device at once; batches are gathered there.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="size">The rows of a batch.</param>
    /// <param name="generator">Each epoch's order comes from it; null keeps the rows in their order.</param>
    /// <param name="device">Where the batches are wanted; the CPU by default.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is not positive.</exception>
    public Batches(Dataset data, int size, Generator? generator = null, Device? device = null)
    {
        if (size < 1)
        {
            throw new ArgumentOutOfRangeException(null, $"Batches: a batch of {size} rows is not possible.");
        }

        features = data.Features.To(device ?? Device.Cpu);
        labels = data.Labels.To(device ?? Device.Cpu);
        this.generator = generator;
        this.size = size;
    }

    /// <summary>The number of batches in an epoch.</summary>
    public int Count => (int)(((long)labels.Count + size - 1) / size);

    /// <summary>Every row once, in a new random order.</summary>
    public IEnumerable<Batch> Epoch()
    {
        var order = generator is null ? null : Tensor.From<int>(generator.Permutation(labels.Count)).To(features.Device);
        for (int start = 0; start < labels.Count; start += size)
        {
            var range = start..(int)Math.Min((long)start + size, labels.Count);
            if (order is null)
            {
                yield return new(features[range], labels[range]);
            }
            else
            {
                var rows = order[range];
                yield return new(features.Gather(rows), labels.Gather(rows));
            }
        }
    }
}
