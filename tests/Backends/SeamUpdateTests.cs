using Gpu.Autograd.Optim;

namespace Gpu.Autograd.Tests.Backends;

/// <summary>The steps of optimizers, all arrays in one pass, against the maps that they are made of, one array after the other.</summary>
[Collection(SeamDevices.OneAtATime)]
public class SeamUpdateTests
{
    private static readonly int[] Sizes = [1, 15, 16, 17, 33, 300, 5];

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void EveryStepIsThatOfItsMaps(string device)
    {
        var backend = SeamDevices.Open(device);
        foreach (var dtype in new[] { DType.Float32, DType.Float64 })
        {
            foreach (int parameters in new[] { 1, 4, 7 })
            {
                CheckAll(backend, dtype, Sizes[..parameters], exact: !SeamDevices.IsSlow(device));
            }
        }
    }

    [Fact]
    public void ThreadsShareManyElements()
    {
        foreach (int bits in new[] { 128, 256, 512 })
        {
            CheckAll(SeamDevices.Reference(bits, threads: 3), DType.Float32, [70_001, 3, 50_000], exact: true);
        }
    }

    private static void CheckAll(Backend backend, DType dtype, int[] sizes, bool exact)
    {
        Check(backend, dtype, sizes, new DescendUpdate(0.1), exact, at => backend.Map(new Descend(0.1), at.X, at.G, at.Rate, at.X));
        Check(backend, dtype, sizes, new MomentumUpdate(0.9, 0.1), exact, at =>
        {
            backend.Map(new Accumulate(0.9, 0.1), at.M, at.G, at.X, at.M);
            backend.Map(new Descend(0), at.X, at.M, at.Rate, at.X);
        });
        Check(backend, dtype, sizes, new NesterovUpdate(0.9, 0.1), exact, at =>
        {
            backend.Map(new Accumulate(0.9, 0.1), at.M, at.G, at.X, at.M);
            backend.Map(new DescendAhead(0.9, 0.1), at.X, at.G, at.M, at.Rate, at.X);
        });
        Check(backend, dtype, sizes, new AdamUpdate(0.9, 0.99, 1e-3, 0.1, 0.2), exact, at =>
        {
            backend.Map(new NewestWeight(0.9), at.Count, at.Weight);
            backend.Map(new AverageGradient(0.1), at.M, at.G, at.X, at.Spread(at.Weight), at.M);
            backend.Map(new NewestWeight(0.99), at.Count, at.Weight);
            backend.Map(new AverageSquare(0.1), at.V, at.G, at.X, at.Spread(at.Weight), at.V);
            backend.Map(new DescendScaled(1e-3, 0.2), at.X, at.M, at.V, at.Rate, at.X);
        });
    }

    private static void Check<TOp>(Backend backend, DType dtype, int[] sizes, TOp op, bool exact, Action<Arrays> maps)
        where TOp : struct, IUpdate
    {
        var random = new Random(71);
        var (rate, count) = (One(0.25), One(3));
        var (own, others) = (new List<SeamSample>(), new List<SeamSample>());
        var parts = new List<Operand>();
        foreach (int size in sizes)
        {
            var x = new SeamSample[4];
            var y = new SeamSample[4];
            for (int k = 0; k < 4; k++)
            {
                // Averages of squares are not negative.
                double[] values = [.. Enumerable.Range(0, size).Select(_ => (random.NextDouble() * 2) - (k == 2 ? 0 : 1))];
                (x[k], y[k]) = (SeamSample.Of(backend, dtype, new Shape(size), values), SeamSample.Of(backend, dtype, new Shape(size), values));
            }

            for (int k = 0; k < 4; k++)
            {
                parts.Add(x[k == 3 || k < TOp.Arrays ? k : 0].Operand);
            }

            maps(new Arrays(y[0].Operand, y[1].Operand, y[2].Operand, y[3].Operand, rate.Operand, count.Operand, One(0).Operand));
            own.AddRange(x);
            others.AddRange(y);
        }

        backend.Update(op, rate.Operand, count.Operand, [.. parts]);
        foreach (var (x, y) in own.Zip(others))
        {
            Close.Assert(y.Read(), x.Read(), exact ? 0 : SeamSample.Tolerance(dtype), typeof(TOp).Name);
        }

        SeamSample One(double value) => SeamSample.Of(backend, dtype, Shape.Scalar, value);
    }

    private sealed record Arrays(Operand X, Operand M, Operand V, Operand G, Operand OneRate, Operand Count, Operand Weight)
    {
        public Operand Rate => Spread(OneRate);

        public Operand Spread(Operand scalar) => scalar with { Layout = scalar.Layout.BroadcastTo(X.Shape) };
    }
}
