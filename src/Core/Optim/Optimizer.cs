using Gpu.Autograd.Autograd;
using Gpu.Autograd.Capturing;
using Gpu.Autograd.Serialization;

namespace Gpu.Autograd.Optim;

/// <summary>
/// Changes parameters in place, by their gradients. Parameters without a gradient are skipped. State moves with the parameters to
/// another device.
/// </summary>
public abstract class Optimizer
{
    private const string RateName = "learning_rate";
    private const string CountName = "step";

    private readonly Slot[] slots;
    private readonly string name;
    private readonly string[] moments;
    private readonly bool counts;
    private double learningRate;

    /// <summary>An optimizer that keeps the named moments for each parameter, and counts its steps if that is asked.</summary>
    private protected Optimizer(IEnumerable<Tensor> parameters, double learningRate, string[] moments, bool counts)
    {
        name = GetType().Name;
        Parameters = [.. parameters];
        slots = [.. Parameters.Select(parameter => new Slot(parameter))];
        this.moments = moments;
        this.counts = counts;
        LearningRate = learningRate;
        if (slots.Length == 0)
        {
            throw new ArgumentException($"{name}: there are no parameters.");
        }

        var seen = new HashSet<Tensor>(ReferenceEqualityComparer.Instance);
        foreach (var (index, parameter) in Parameters.Index())
        {
            if (parameter.Box is not null || parameter.Node is not { IsLeaf: true })
            {
                throw new ArgumentException($"{name}: parameter {index}, {parameter.Shape}, is no leaf with RequiresGrad set.");
            }

            if (!seen.Add(parameter))
            {
                throw new ArgumentException($"{name}: parameter {index}, {parameter.Shape}, is there twice.");
            }
        }
    }

    /// <summary>What is optimized.</summary>
    public IReadOnlyList<Tensor> Parameters { get; }

    /// <summary>The learning rate; it may be changed between steps.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative or not finite.</exception>
    public double LearningRate
    {
        get => learningRate;
        set
        {
            Recorder.Refuse($"the learning rate of {name} is set", "set it between the runs");
            learningRate = NotNegative(value, "the learning rate");
            foreach (var clock in Clocks())
            {
                clock.Rate.Assign(Tensor.Scalar(value, clock.Rate.DType, clock.Rate.Device));
            }
        }
    }

    /// <summary>Changes every parameter that has a gradient.</summary>
    /// <exception cref="InvalidOperationException">A gradient has another shape, dtype or device than its parameter.</exception>
    public void Step()
    {
        Follow();
        Clock? newcomers = null;
        foreach (var slot in slots)
        {
            if (Gradient(slot) is not null && slot.Clock is null)
            {
                newcomers = newcomers?.Fits(slot.Parameter) == true ? newcomers : NewClock(slot.Parameter, 0);
                slot.Clock = newcomers;
                slot.Moments = NewMoments(slot.Parameter);

                // They outlive the step that they were made in.
                Recorder.Noting?.Abandon();
            }
        }

        Advance();
        foreach (var clock in Clocks())
        {
            Update(clock);
        }
    }

    /// <summary>Drops the gradients of all parameters.</summary>
    public void ZeroGrad()
    {
        foreach (var parameter in Parameters)
        {
            parameter.Grad = null;
        }
    }

    /// <summary>
    /// What a checkpoint needs beside the parameters, by name: <c>learning_rate</c>, and with the parameter's number before it what was
    /// kept since its first step. Not copies.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> State()
    {
        Follow();
        var state = new OrderedDictionary<string, Tensor> { [RateName] = Tensor.Scalar(LearningRate, DType.Float64) };
        for (int i = 0; i < slots.Length; i++)
        {
            for (int k = 0; k < slots[i].Moments.Length; k++)
            {
                state.Add($"{i}.{moments[k]}", slots[i].Moments[k]);
            }

            if (slots[i].Clock is { } clock && counts)
            {
                state.Add($"{i}.{CountName}", clock.Count);
            }
        }

        return state;
    }

    /// <summary>Goes on from a saved state: copies it in place.</summary>
    /// <exception cref="InvalidDataException">Names are missing or unexpected, or shapes differ; then nothing was copied.</exception>
    public void Load(IReadOnlyDictionary<string, Tensor> state)
    {
        var started = slots.Index().Where(at => state.Keys.Any(key => key.StartsWith($"{at.Index}.", StringComparison.Ordinal))).ToList();
        var expected = new Dictionary<string, Shape> { [RateName] = Shape.Scalar };
        foreach (var (i, slot) in started)
        {
            Array.ForEach(moments, moment => expected.Add($"{i}.{moment}", slot.Parameter.Shape));
            if (counts)
            {
                expected.Add($"{i}.{CountName}", Shape.Scalar);
            }
        }

        StateCheck.Require($"the optimizer ({name})", expected, state);
        LearningRate = state[RateName].Item();
        Follow();
        var at = new double?[slots.Length];
        foreach (var slot in slots.Except(started.Select(at => at.Item)))
        {
            slot.Moments = [];
        }

        foreach (var (i, slot) in started)
        {
            slot.Moments = slot.Moments.Length > 0 ? slot.Moments : NewMoments(slot.Parameter);
            for (int k = 0; k < moments.Length; k++)
            {
                slot.Moments[k].Assign(state[$"{i}.{moments[k]}"].Detach().To(slot.Parameter.DType));
            }

            at[i] = counts ? state[$"{i}.{CountName}"].Item() : 0;
        }

        SetClocks(at);
    }

    /// <summary>Changes parameters by their gradients.</summary>
    /// <param name="clock">What they have in common.</param>
    /// <param name="parts">As <see cref="Backend.Update"/> takes them.</param>
    private protected abstract void Update(Clock clock, Operand[] parts);

    /// <summary>The call of the back end.</summary>
    private protected static void Launch<TOp>(TOp op, Clock clock, Operand[] parts)
        where TOp : struct, IUpdate =>
        clock.Count.Device.Backend.Update(op, clock.Rate.Operand, clock.Count.Operand, parts);

    /// <summary>The value, if it is a finite number and not negative.</summary>
    private protected double NotNegative(double value, string what) => value >= 0 && double.IsFinite(value)
        ? value
        : throw new ArgumentOutOfRangeException(
            null, FormattableString.Invariant($"{name}: {what} is {value}; it must be finite and not negative."));

    /// <summary>The value, if it is at least 0 and less than 1.</summary>
    private protected double BelowOne(double value, string what) => value is >= 0 and < 1
        ? value
        : throw new ArgumentOutOfRangeException(
            null, FormattableString.Invariant($"{name}: {what} is {value}; it must be at least 0 and less than 1."));

    /// <summary>The gradient, checked; null where there is none.</summary>
    private Tensor? Gradient(Slot slot)
    {
        var x = slot.Parameter;
        if (x.Grad is not { } g)
        {
            return null;
        }

        return g.Shape == x.Shape && g.DType == x.DType && g.Device == x.Device
            ? g.Readable
            : throw new InvalidOperationException(
                $"{name}: the gradient, {g.DType.Name()} {g.Shape} on {g.Device}, is not like its parameter, " +
                $"{x.DType.Name()} {x.Shape} on {x.Device}.");
    }

    /// <summary>
    /// Counts the step in the clocks of all parameters with a gradient. A parameter that is skipped stays behind, on a clock of its own.
    /// </summary>
    private void Advance()
    {
        if (!counts)
        {
            return;
        }

        foreach (var clock in Clocks())
        {
            var skipped = slots.Where(slot => slot.Clock == clock && slot.Parameter.Grad is null).ToList();
            if (skipped.Count > 0 && slots.Any(slot => slot.Clock == clock && slot.Parameter.Grad is not null))
            {
                var behind = clock.Copy();
                skipped.ForEach(slot => slot.Clock = behind);
                skipped.Clear();
            }

            if (skipped.Count == 0)
            {
                clock.Advance();
            }
        }
    }

    /// <summary>Changes all parameters of a clock that have a gradient, in one call.</summary>
    private void Update(Clock clock)
    {
        var parts = new List<Operand>(4 * slots.Length);
        var alive = new List<Tensor>(2 * slots.Length);
        var scattered = new List<(Tensor X, Tensor Dense)>();
        foreach (var slot in slots)
        {
            var x = slot.Parameter;
            if (slot.Clock != clock || x.Count == 0 || Gradient(slot) is not { } g)
            {
                continue;
            }

            g = g.Dense();
            var dense = x;
            if (!x.Layout.IsDense)
            {
                dense = x.Detach().Dense();
                scattered.Add((x, dense));
            }

            parts.Add(dense.Operand);
            for (int k = 0; k < 2; k++)
            {
                parts.Add(k < slot.Moments.Length ? slot.Moments[k].Operand : dense.Operand);
            }

            parts.Add(g.Operand);
            alive.Add(dense);
            alive.Add(g);
        }

        if (parts.Count == 0)
        {
            return;
        }

        Work.Current?.Add(alive.Sum(x => x.Count) / 2);
        Update(clock, [.. parts]);
        for (int i = 0; i < parts.Count; i++)
        {
            // The tape notices.
            if (i % 4 != 3)
            {
                parts[i].Storage.Touch();
            }
        }

        foreach (var (x, dense) in scattered)
        {
            using var scope = Tensor.NoGrad();
            x.Assign(dense);
        }

        GC.KeepAlive(alive);
    }

    /// <summary>Moves the state of parameters that were moved to another device since the last step.</summary>
    private void Follow()
    {
        if (Array.TrueForAll(slots, slot => slot.Clock?.Fits(slot.Parameter) != false))
        {
            return;
        }

        foreach (var slot in slots)
        {
            Array.ForEach(slot.Moments, moment => moment.MoveTo(slot.Parameter.Device));
        }

        SetClocks([.. slots.Select(slot => slot.Clock?.Count.Item())]);
    }

    /// <summary>Gives every slot a clock at its count: its own where that can be set to it, else one shared with its like.</summary>
    private void SetClocks(double?[] counts)
    {
        var set = new Dictionary<Clock, double>();
        foreach (var (i, slot) in slots.Index())
        {
            if (counts[i] is not { } count)
            {
                slot.Clock = null;
                continue;
            }

            var clock = slot.Clock;
            if (clock?.Fits(slot.Parameter) != true || (set.TryGetValue(clock, out double other) && other != count))
            {
                clock = set.FirstOrDefault(at => at.Value == count && at.Key.Fits(slot.Parameter)).Key ?? NewClock(slot.Parameter, count);
            }

            if (set.TryAdd(clock, count))
            {
                clock.Count.Assign(Tensor.Scalar(count, clock.Count.DType, clock.Count.Device));
            }

            slot.Clock = clock;
        }
    }

    private IEnumerable<Clock> Clocks() => slots.Select(slot => slot.Clock).OfType<Clock>().Distinct().ToList();

    private Clock NewClock(Tensor like, double count) => new(like.DType, like.Device, LearningRate, count);

    private Tensor[] NewMoments(Tensor like) => Array.ConvertAll(moments, _ => Tensor.Zeros(like.Shape, like.DType, like.Device));
}
