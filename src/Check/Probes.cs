using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Checking;

/// <summary>All that a device is asked: the op table, more of the same in sizes that fill a GPU, what no op does, training.</summary>
public static class Probes
{
    /// <summary>All, in the order of the report.</summary>
    public static IReadOnlyList<Probe> All { get; } =
        [.. OpTable.Rows.Select(Probe.Of), .. LargeOps.Rows.Select(row => Probe.Of(row) with { IsLarge = true }), .. Others, .. Trainings];

    private static Probe[] Others =>
    [
        new("random_uniform", (device, dtype, _) => [Drawn((g, on) => g.Uniform([Draws], dtype: dtype, device: on), device, 0)]),
        new("random_normal", (device, dtype, _) =>
            [Drawn((g, on) => g.Normal([Draws], dtype: dtype, device: on), device, dtype == DType.Float32 ? 5e-7 : 1e-14)]),
        new("random_masks", (device, dtype, _) => [Drawn((g, on) => g.Bernoulli([Draws], 0.3, dtype, on), device, 0)]),
        new("conversions", (device, dtype, _) => Conversions(device, dtype))
        {
            DTypes = [DType.Float32, DType.Float64, DType.Int32, DType.Int64],
        },
        new("integers", (device, dtype, _) => Integers(device, dtype)) { DTypes = [DType.Int32, DType.Int64] },
    ];

    private static Probe[] Trainings =>
    [
        new("training", (device, dtype, quick) => Losses(device, dtype, quick, captured: false)),
        new("training_captured", (device, dtype, quick) => Losses(device, dtype, quick, captured: true)),
    ];

    private static int Draws => 1003;

    private static Comparison Drawn(Func<Generator, Device, Tensor> draw, Device device, double tolerance) =>
        Comparison.Of($"{Draws} numbers", draw(new Generator(3), Device.Cpu), draw(new Generator(3), device), tolerance);

    private static IEnumerable<Comparison> Conversions(Device device, DType from)
    {
        var x = Tensor.From<double>([-3, -1.75, -0.5, 0, 0.5, 1, 2.5, 100]).To(from);
        foreach (var to in Enum.GetValues<DType>())
        {
            yield return Comparison.Of($"{from.Name()} to {to.Name()}", x.To(to), x.To(device).To(to), 0);
        }
    }

    private static IEnumerable<Comparison> Integers(Device device, DType dtype)
    {
        var x = new Generator(4).Integers([6, 6], -20, 20, dtype);
        return
        [
            Of("x·xᵀ", x => x.MatMul(x.Transpose())),
            Of("sum", x => x.Sum(0)),
            Of("3x − x²", x => (3 * x) - (x * x)),
            Of("argmax", x => x.ArgMax(1)),
            Of("order", x => x.ArgSort(1)),
            Of("gather", x => x.Gather(Tensor.From<long>([2, 0, 5], device: x.Device))),
            Of("scatter", x => x.ScatterAdd(Tensor.From<long>([2, 0, 5, 0, 0, 1], device: x.Device), 7)),
        ];

        Comparison Of(string what, Func<Tensor, Tensor> f) => Comparison.Of(what, f(x), f(x.To(device)), 0);
    }

    private static IEnumerable<Comparison> Losses(Device device, DType dtype, bool quick, bool captured)
    {
        int steps = quick ? 6 : 20;
        double[] expected = Training.Losses(Device.Cpu, steps, dtype);
        double[] actual = Training.Losses(device, steps, dtype, captured);
        yield return Comparison.Of(
            $"the losses of {steps} steps", expected, actual, dtype == DType.Float32 ? Training.Tolerance : 1e-10);
    }
}
