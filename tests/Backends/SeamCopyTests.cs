namespace Gpu.Autograd.Tests.Backends;

[Collection(SeamDevices.OneAtATime)]
public class SeamCopyTests
{
    private static readonly int[][] Shapes = [[], [1], [17], [600], [33, 65], [3, 0], [4, 1, 5], [2, 300, 3], [2, 3, 4, 5, 2]];

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void AnyDTypesAndLayouts(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(21);
        foreach (var from in Enum.GetValues<DType>())
        {
            foreach (var to in Enum.GetValues<DType>())
            {
                foreach (int[] lengths in Shapes)
                {
                    for (int round = 0; round < (SeamDevices.IsSlow(device) ? 1 : 4); round++)
                    {
                        var shape = new Shape(lengths);
                        var x = SeamSample.Random(backend, from, SeamSample.RandomLayout(shape, random), random);
                        var y = SeamSample.Random(backend, to, SeamSample.RandomLayout(shape, random, mayRepeat: false), random);
                        backend.Copy(x.Operand, y.Operand);
                        Assert.Equal([.. x.Values.Select(value => Converted(value, to))], y.Read());
                        y.AssertGapsUntouched();
                    }
                }
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void Transposes(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(22);
        foreach (var dtype in new[] { DType.Float32, DType.Float64, DType.Bool })
        {
            foreach (int[] lengths in new int[][] { [16, 16], [1, 40], [15, 17], [50, 33], [3, 20, 31], [2, 2, 16, 48] })
            {
                var shape = new Shape(lengths);
                int[] order = [.. Enumerable.Range(0, shape.Rank)];
                (order[^1], order[^2]) = (order[^2], order[^1]);
                var layout = new Layout(shape).Permuted(order);
                var x = SeamSample.Random(backend, dtype, layout, random);
                var y = SeamSample.Random(backend, dtype, new Layout(layout.Shape), random);
                backend.Copy(x.Operand, y.Operand);
                Assert.Equal(x.Values, y.Read());
            }
        }
    }

    /// <summary>Zeros around any layout, rows of a few bytes and of many.</summary>
    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void Paddings(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(23);
        foreach (var dtype in SeamDevices.IsSlow(device) ? [DType.Float32] : Enum.GetValues<DType>())
        {
            foreach (int[] lengths in new int[][] { [1], [17], [6, 5], [3, 40], [2, 7, 30], [2, 3, 4, 70], [2, 1, 2, 3, 4], [2, 0] })
            {
                for (int round = 0; round < (SeamDevices.IsSlow(device) ? 1 : 4); round++)
                {
                    var shape = new Shape(lengths);
                    var x = SeamSample.Random(backend, dtype, round == 0 ? new Layout(shape) : SeamSample.RandomLayout(shape, random), random);
                    int[] before = [.. lengths.Select(_ => random.Next(3))];
                    int[] to = [.. lengths.Select((length, k) => before[k] + length + random.Next(3))];
                    var y = SeamSample.Random(backend, dtype, random, to);
                    var expected = new double[y.Values.Length];
                    for (int i = 0; i < x.Values.Length; i++)
                    {
                        int[] place = shape.Position(i);
                        expected[to.Select((length, k) => (place[k] + before[k], length)).Aggregate(0, (at, axis) => (at * axis.length) + axis.Item1)] = x.Values[i];
                    }

                    if (expected.Length > 0)
                    {
                        backend.Pad(x.Operand, before, y.Operand);
                    }

                    Assert.Equal(expected, y.Read());
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(SeamDevices.Fast), MemberType = typeof(SeamDevices))]
    public void LargeCopies(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(23);
        var shape = new Shape(401, 613);
        Layout[] layouts =
        [
            new Layout(shape), new Layout(shape, [1, 401], 0), new Layout(shape, [0, 1], 0), new Layout(shape, [-613, 1], 400 * 613),
            new Layout(shape, [1226, 2], 1),
        ];
        foreach (var from in layouts)
        {
            foreach (var to in layouts.Where(layout => layout.Strides[0] != 0))
            {
                foreach (var dtype in new[] { DType.Float32, DType.Int64 })
                {
                    var x = SeamSample.Random(backend, DType.Float32, from, random);
                    var y = SeamSample.Random(backend, dtype, to, random);
                    backend.Copy(x.Operand, y.Operand);
                    Assert.Equal([.. x.Values.Select(value => Converted(value, dtype))], y.Read());
                    y.AssertGapsUntouched();
                }
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void SpecialValuesConvert(string device)
    {
        var backend = SeamDevices.Open(device);
        double[] values = [-0.0, 0.5, -0.5, 1.99, -1.99, 1e9, double.NaN, double.PositiveInfinity, double.Epsilon];
        var x = SeamSample.Of(backend, DType.Float64, new Shape(values.Length), values);
        var truth = SeamSample.Of(backend, DType.Bool, new Shape(values.Length), new double[values.Length]);
        backend.Copy(x.Operand, truth.Operand);
        Assert.Equal([0, 1, 1, 1, 1, 1, 1, 1, 1], truth.Read());

        var whole = SeamSample.Of(backend, DType.Int32, new Shape(6), new double[6]);
        backend.Copy(x.Operand with { Layout = new Layout(new Shape(6)) }, whole.Operand);
        Assert.Equal([0, 0, 0, 1, -1, 1_000_000_000], whole.Read());
    }

    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void FillSetsEveryElement(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(24);
        foreach (var dtype in Enum.GetValues<DType>())
        {
            foreach (int[] lengths in Shapes)
            {
                var y = SeamSample.Random(backend, dtype, SeamSample.RandomLayout(new Shape(lengths), random, mayRepeat: false), random);
                backend.Fill(-2.5, y.Operand);
                Assert.All(y.Read(), value => Assert.Equal(Converted(-2.5, dtype), value));
                y.AssertGapsUntouched();
            }
        }
    }

    private static double Converted(double value, DType dtype) => dtype switch
    {
        DType.Float32 => (float)value,
        DType.Float64 => value,
        DType.Bool => value != 0 ? 1 : 0,
        _ => Math.Truncate(value) + 0.0,
    };
}
