namespace Gpu.Autograd.Data;

/// <summary>Rows of features with a label each, on the CPU.</summary>
public sealed class Dataset
{
    private readonly float[] features;
    private readonly long[] labels;
    private readonly Lazy<double> maxAbs;

    /// <summary>A data set of N rows, row by row.</summary>
    /// <param name="features">The features: N times as many as a sample has.</param>
    /// <param name="labels">N labels from 0 on.</param>
    /// <param name="sampleShape">The shape that a row of features is of: <c>[64]</c>, <c>[28, 28]</c>.</param>
    /// <param name="classes">The number of classes; by default one more than the greatest label.</param>
    /// <exception cref="ArgumentException">The numbers do not fit each other.</exception>
    public Dataset(float[] features, long[] labels, Shape sampleShape, int? classes = null)
    {
        if ((long)labels.Length * sampleShape.Size != features.Length)
        {
            throw new ArgumentException(
                $"Dataset: {features.Length} features are not {labels.Length} samples of {sampleShape} ({sampleShape.Size} each).");
        }

        Classes = classes ?? (labels.Length == 0 ? 0 : checked((int)(labels.Max() + 1)));
        int wrong = Array.FindIndex(labels, label => label < 0 || label >= Classes);
        if (wrong >= 0)
        {
            throw new ArgumentException($"Dataset: label {labels[wrong]} of row {wrong} is none of 0 to {Classes - 1}.");
        }

        this.features = features;
        this.labels = labels;
        SampleShape = sampleShape;
        maxAbs = new(() => features.Length == 0 ? 0 : features.Max(value => (double)Math.Abs(value)));
        Features = Tensor.From<float>(features, [labels.Length, sampleShape.Size]);
        Labels = Tensor.From<long>(labels);
    }

    /// <summary>The features, float32 [N, F].</summary>
    public Tensor Features { get; }

    /// <summary>The labels, int64 [N].</summary>
    public Tensor Labels { get; }

    /// <summary>The number of classes.</summary>
    public int Classes { get; }

    /// <summary>The shape that a row of features is of.</summary>
    public Shape SampleShape { get; }

    /// <summary>N, the number of rows.</summary>
    public int Count => labels.Length;

    /// <summary>F, the number of features of a row.</summary>
    public int FeatureCount => SampleShape.Size;

    /// <summary>The greatest magnitude of a feature.</summary>
    public double MaxAbs => maxAbs.Value;

    /// <summary>The same rows with every feature multiplied by a factor.</summary>
    public Dataset Scaled(double factor) =>
        new(Array.ConvertAll(features, value => (float)(value * factor)), labels, SampleShape, Classes);

    /// <summary>The rows of the given numbers, in that order.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    public Dataset Rows(ReadOnlySpan<int> rows)
    {
        var chosen = new float[rows.Length * FeatureCount];
        var chosenLabels = new long[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            if (rows[i] < 0 || rows[i] >= Count)
            {
                throw new ArgumentOutOfRangeException(null, $"Rows: there is no row {rows[i]} among {Count}.");
            }

            features.AsSpan(rows[i] * FeatureCount, FeatureCount).CopyTo(chosen.AsSpan(i * FeatureCount));
            chosenLabels[i] = labels[rows[i]];
        }

        return new(chosen, chosenLabels, SampleShape, Classes);
    }

    /// <summary>
    /// Two parts, each with the classes in the proportions of the whole: of every class the same share is held out, chosen by the seed. At
    /// least one row of each class stays for training. Rows keep their order.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The share is not between 0 and 1.</exception>
    /// <exception cref="InvalidDataException">There are too few rows to hold any out.</exception>
    public (Dataset Training, Dataset HeldOut) Split(double heldOut, ulong seed)
    {
        if (!(heldOut is > 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(
                null, FormattableString.Invariant($"Split: {heldOut} is no share between 0 and 1."));
        }

        var generator = new Generator(seed);
        var isHeldOut = new bool[Count];
        foreach (var members in Enumerable.Range(0, Count).GroupBy(row => labels[row]).OrderBy(members => members.Key))
        {
            int[] rows = [.. members];
            int count = Math.Min((int)Math.Round(heldOut * rows.Length, MidpointRounding.AwayFromZero), rows.Length - 1);
            foreach (int place in generator.Permutation(rows.Length).AsSpan(0, count))
            {
                isHeldOut[rows[place]] = true;
            }
        }

        var parts = Enumerable.Range(0, Count).ToLookup(row => isHeldOut[row]);
        if (!parts[true].Any())
        {
            throw new InvalidDataException(FormattableString.Invariant(
                $"Split: {Count} rows in {Classes} classes are too few to hold out a share of {heldOut}."));
        }

        return (Rows([.. parts[false]]), Rows([.. parts[true]]));
    }
}
