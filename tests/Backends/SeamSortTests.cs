namespace Gpu.Autograd.Tests.Backends;

[Collection(SeamDevices.OneAtATime)]
public class SeamSortTests
{
    [SkippableTheory]
    [MemberData(nameof(SeamDevices.Names), MemberType = typeof(SeamDevices))]
    public void EveryLengthOfAnyLayout(string device)
    {
        var backend = SeamDevices.Open(device);
        var random = new Random(51);

        // Lengths around runs and pairs of runs, and numbers of runs that leave one without a partner.
        int[][] shapes =
        [
            [1], [2], [32], [33], [64], [65], [97], [129], [3, 0], [0, 3], [40, 3], [2, 200], [2, 3, 17], [2, 3, 2, 3, 2, 3, 4],
            .. SeamDevices.IsSlow(device) ? new int[][] { [2, 700] } : [[3, 40_000], [2000, 100]],
        ];
        foreach (int[] lengths in shapes)
        {
            foreach (var dtype in Enum.GetValues<DType>())
            {
                var shape = new Shape(lengths);

                // Few different values, so that there are equals; sometimes a NaN, an infinity or a zero of either sign.
                double[] drawn = [.. Enumerable.Range(0, shape.Size).Select(_ => Draw(dtype, random))];
                var x = SeamSample.Of(backend, dtype, SeamSample.RandomLayout(shape, random, mayRepeat: false), drawn, random);
                var y = SeamSample.Of(backend, DType.Int64, shape, new double[shape.Size]);
                foreach (bool descending in new[] { false, true })
                {
                    backend.ArgSort(descending, x.Operand, y.Operand);
                    Assert.Equal(shape.Size == 0 ? [] : drawn.Chunk(lengths[^1]).SelectMany(row => Order(row, descending)), y.Read());
                }
            }
        }
    }

    private static double Draw(DType dtype, Random random) => dtype switch
    {
        DType.Bool => random.Next(2),
        DType.Int32 or DType.Int64 => random.Next(-9, 9),
        _ => random.Next(30) switch { 0 => double.NaN, 1 => double.PositiveInfinity, 2 => double.NegativeInfinity, 3 => -0.0, var n => n - 15 },
    };

    /// <summary>LINQ's order is stable; a NaN is moved above all, and 0 and −0 are equal to it already.</summary>
    private static IEnumerable<double> Order(double[] row, bool descending)
    {
        var places = Enumerable.Range(0, row.Length);
        return (descending
            ? places.OrderByDescending(i => double.IsNaN(row[i])).ThenByDescending(i => row[i])
            : places.OrderBy(i => double.IsNaN(row[i])).ThenBy(i => row[i])).Select(i => (double)i);
    }
}
