using Gpu.Autograd.Numerics;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Tests;

/// <summary>One libm for all devices: what a compiler of kernels makes of the functions keeps their last places, at every magnitude.</summary>
public class ElementaryDeviceTests
{
    public static TheoryData<string> Devices => TestDevices.All;

    /// <summary>
    /// In units in the last place of the result, so that small ones count as much as large ones. Devices differ from the CPU by what fused
    /// multiplications round less.
    /// </summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Functions_agree_to_their_last_places(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        string[] carriers = ["sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tanh"];
        var rows = OpTable.Rows.OfType<ElementwiseRow>()
            .Where(row => row.Arity == 1 && (typeof(IFunction).IsAssignableFrom(row.Op) || carriers.Contains(row.Name))).ToArray();
        Assert.True(rows.Length > 25, $"Only {rows.Length} functions.");
        foreach (var row in rows)
        {
            foreach (var (dtype, least, bits) in new[] { (DType.Float32, -36, 23), (DType.Float64, -300, 52) })
            {
                // Beside their zeros below 0, log Γ and its derivatives are accurate to absolute errors only.
                double[] sizes = [.. Enumerable.Range(4 * least, 4 * (40 - least)).Select(k => 1.1 * Math.Pow(10, k / 4.0))];
                double[] points = row.Domain.Low < 0 ? [.. sizes, .. sizes.Select(size => -size)] : sizes;
                var x = Tensor.From<double>(points).To(dtype);
                double[] expected = Close.Values(row.Apply([x]));
                double[] actual = Close.Values(row.Apply([x.To(device)]));
                for (int i = 0; i < points.Length; i++)
                {
                    if (!double.IsFinite(expected[i]) || Math.Abs(expected[i]) < 1.0 / (1L << 62) / (1L << 62))
                    {
                        continue;
                    }

                    double error = Math.Abs(actual[i] - expected[i]) / Math.ScaleB(1, Math.ILogB(expected[i]) - bits);
                    Assert.True(
                        error <= 4,
                        $"{row.Name}({points[i]}) in {dtype.Name()} is {actual[i]} on {deviceName}, {expected[i]} on cpu: {error} ulp apart.");
                }
            }
        }
    }
}
