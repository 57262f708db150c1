using Gpu.Autograd.Autograd;
using Gpu.Autograd.Capturing;
using Gpu.Autograd.Numerics;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd;

/// <summary>
/// A source of random tensors: a seed and a counter of Philox. The same seed gives the same numbers, on every device and in every run.
/// </summary>
public sealed class Generator(ulong seed)
{
    private readonly Lock gate = new();
    private ulong counter;

    /// <summary>When the generator was made, as the records of ops count it.</summary>
    internal long Id { get; } = Node.NextId();

    /// <summary>The seed.</summary>
    public ulong Seed { get; } = seed;

    /// <summary>How many counters were used up; set it to go on from a saved state.</summary>
    public ulong Counter
    {
        get
        {
            lock (gate)
            {
                return counter;
            }
        }

        set
        {
            lock (gate)
            {
                counter = value;
            }
        }
    }

    /// <summary>Numbers uniform on [low, high).</summary>
    public Tensor Uniform(Shape shape, double low = 0, double high = 1, DType dtype = DType.Float32, Device? device = null)
    {
        var u = Draw(Distribution.Uniform, shape, dtype, device);
        return low == 0 && high == 1 ? u : (u * (high - low)) + low;
    }

    /// <summary>Normal numbers of the given mean and standard deviation.</summary>
    public Tensor Normal(Shape shape, double mean = 0, double deviation = 1, DType dtype = DType.Float32, Device? device = null)
    {
        var n = Draw(Distribution.Normal, shape, dtype, device);
        return mean == 0 && deviation == 1 ? n : (n * deviation) + mean;
    }

    /// <summary>The numbers 0 to count − 1 in random order (on the host: for the order of samples).</summary>
    /// <exception cref="ArgumentException">The count is negative.</exception>
    public int[] Permutation(int count)
    {
        if (count < 0)
        {
            throw new ArgumentException($"Permutation: the count is {count}; it must not be negative.");
        }

        var order = Enumerable.Range(0, count).ToArray();
        RefuseOnHost("Permutation");
        ulong first = Take((ulong)count);
        for (int i = count - 1; i > 0; i--)
        {
            // 64 random bits against at most 2³¹ values: the bias is below 2⁻³³.
            var words = Philox.Block(Seed, first + (ulong)i);
            int j = (int)(((UInt128)(((ulong)words.W0 << 32) | words.W1) * (ulong)(i + 1)) >> 64);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }

    /// <summary>1 with a probability, else 0: of any dtype, bool for a mask.</summary>
    /// <exception cref="ArgumentException">The probability is not between 0 and 1.</exception>
    public Tensor Bernoulli(Shape shape, double probability = 0.5, DType dtype = DType.Float32, Device? device = null) =>
        probability is >= 0 and <= 1
            ? Tensor.Map(default(Less), Draw(Distribution.Uniform, shape, dtype.IsReal() ? dtype : DType.Float32, device), probability).To(dtype)
            : throw new ArgumentException($"Bernoulli: the probability is {probability}; it must be between 0 and 1.");

    /// <summary>
    /// 1 with a probability for each element, else 0. The probabilities have no gradient. One that is not between 0 and 1 is an error on the
    /// CPU; on a device it counts as the nearer of these, and a NaN as 0.
    /// </summary>
    /// <exception cref="ArgumentException">The probabilities are not real, or the host sees one that is not between 0 and 1.</exception>
    public Tensor Bernoulli(Tensor probabilities)
    {
        Check.Real(probabilities, "Bernoulli");
        probabilities = probabilities.Detach();
        if (probabilities.FirstOnHost(p => !(p is >= 0 and <= 1)) is { } wrong)
        {
            throw new ArgumentException(FormattableString.Invariant(
                $"Bernoulli: a probability of {probabilities.Shape} is {wrong}; it must be between 0 and 1."));
        }

        return Tensor.Map(
            default(Less), Draw(Distribution.Uniform, probabilities.Shape, probabilities.DType, probabilities.Device), probabilities);
    }

    /// <summary>Whole numbers from low to before high, all equally likely.</summary>
    /// <exception cref="ArgumentException">There are none.</exception>
    public Tensor Integers(Shape shape, int low, int high, DType dtype = DType.Int64, Device? device = null) => low < high
        ? ((Draw(Distribution.Uniform, shape, DType.Float64, device) * ((double)high - low)).To(DType.Int64).To(DType.Float64) + low).To(dtype)
        : throw new ArgumentException($"Integers: there is no whole number from {low} to before {high}.");

    /// <summary>
    /// Some of the numbers 0 to count − 1, at random (on the host: for the order of samples): each at most once, or with
    /// <paramref name="replace"/> drawn anew each time; all equally likely, or in proportion to weights.
    /// </summary>
    /// <exception cref="ArgumentException">There are not so many numbers, or weights, or a weight is negative or not finite.</exception>
    public int[] Choice(int count, int size, bool replace = false, ReadOnlySpan<double> weights = default)
    {
        if (count < 0 || size < 0 || (size > 0 && count == 0) || (!replace && size > count))
        {
            throw new ArgumentException($"Choice: {size} of {count} numbers cannot be chosen{(replace ? "" : " without replacement")}.");
        }

        double[] left = weights.IsEmpty ? [.. Enumerable.Repeat(1.0, count)] : weights.ToArray();
        int needed = replace ? Math.Min(size, 1) : size;
        if (left.Length != count || left.Any(w => !(w >= 0 && double.IsFinite(w))) || needed > left.Count(w => w > 0))
        {
            throw new ArgumentException(
                $"Choice: {weights.Length} weights do not allow for {size} of {count} numbers; they are finite and not negative, and enough " +
                "are above 0.");
        }

        if (!replace && weights.IsEmpty)
        {
            return Permutation(count)[..size];
        }

        RefuseOnHost("Choice");
        ulong first = Take((ulong)size);
        var chosen = new int[size];
        for (int i = 0; i < size; i++)
        {
            var words = Philox.Block(Seed, first + (ulong)i);
            double at = ((((ulong)words.W0 << 32) | words.W1) >> 11) * (1.0 / (1UL << 53)) * left.Sum();
            int k = 0;
            for (int last = Array.FindLastIndex(left, w => w > 0); k < last && (at >= left[k] || left[k] == 0); k++)
            {
                at -= left[k];
            }

            chosen[i] = k;
            left[k] = replace ? left[k] : 0;
        }

        return chosen;
    }

    private Tensor Draw(Distribution distribution, Shape shape, DType dtype, Device? device)
    {
        if (!dtype.IsReal())
        {
            throw new ArgumentException($"{distribution}: {dtype.Name()} is not float32 or float64.");
        }

        // Under Vmap the drawn tensor has an axis in front for each level along which the numbers differ.
        Level[] batches =
            [.. Level.Batches.Where(level => level.DrawsDifferently && !level.IsBelow && Scope.Current?.Counts(level) != false)];
        var y = Tensor.Empty([.. batches.Select(level => level.BatchSize), .. shape.Lengths], dtype, device);
        var recorder = IsRecorded ? Recorder.Noting : null;
        var draws = recorder?.Once(this, () => RecordedDraws.Begin(recorder, this));
        ulong first = Take(Philox.Counters(dtype, y.Count));
        if (y.Count > 0)
        {
            if (draws is null)
            {
                y.Device.Backend.Random(distribution, Seed, first, y.Operand);
            }
            else
            {
                recorder!.Add(new DrawCall(y.Device.Owner, distribution, Seed, draws, first, y.Operand));
            }

            GC.KeepAlive(y);
        }

        return batches.Aggregate(y, (inner, level) => new Tensor(new Batched(level, inner)));
    }

    /// <summary>Whether a captured step runs that did not itself make this generator: one that it makes begins anew in every step.</summary>
    private bool IsRecorded => Recorder.Current is { } recorder && Id <= recorder.Origin;

    private void RefuseOnHost(string op)
    {
        if (IsRecorded)
        {
            Recorder.Refuse($"{op} draws on the host", "draw before Run, and pass what was drawn as an argument");
        }
    }

    /// <summary>Uses up so many counters; the first of them.</summary>
    internal ulong Next(ulong counters)
    {
        lock (gate)
        {
            ulong first = counter;
            counter += counters;
            return first;
        }
    }

    /// <summary>The same, but in a function that is run again: the counters that it used the first time.</summary>
    private ulong Take(ulong counters) => Scope.Current is { } scope ? scope.Draw(this, counters) : Next(counters);
}
