namespace Gpu.Autograd.Tests;

/// <summary>Tensors as text; what is expected here is what NumPy 1.24 prints for the same elements.</summary>
public class PrintingTests
{
    public static TheoryData<string, Tensor> Printed => new()
    {
        {
            "[ 3. 12. 27.]",
            Tensor.From([3f, 12f, 27f])
        },
        {
            "[  0.33333333   1.         -22.5       ] float64",
            Tensor.From([1.0 / 3, 1, -22.5])
        },
        {
            "[  0.33333334   1.         -22.5       ]",
            Tensor.From([1f / 3, 1, -22.5f])
        },
        {
            "[1.e-05 1.e+00]",
            Tensor.From([1e-5f, 1])
        },
        {
            // 1e-5 and 1e23 are a little less in float32.
            "[9.9999997e-06 1.2345679e-05]",
            Tensor.From([1e-5f, 1.23456789e-5f])
        },
        {
            "[9.9999998e+22 1.2345679e+03]",
            Tensor.From([1e23f, 1234.56789f])
        },
        {
            "[1.23456789e+08 1.50000000e+00] float64",
            Tensor.From([123456789.0, 1.5])
        },
        {
            "[ 1.   nan -inf  2.5]",
            Tensor.From([1, float.NaN, float.NegativeInfinity, 2.5f])
        },
        {
            "[-0.  0.]",
            Tensor.From([-0f, 0])
        },
        {
            "0.1",
            Tensor.Scalar(0.1f)
        },
        {
            "[0.000e+00 1.000e+00 2.000e+00 ... 1.997e+03 1.998e+03 1.999e+03]",
            Tensor.Arange(2000, DType.Float32)
        },
        {
            """
            [0.    0.125 0.25  0.375 0.5   0.625 0.75  0.875 1.    1.125 1.25  1.375
             1.5   1.625 1.75  1.875 2.    2.125 2.25  2.375 2.5   2.625 2.75  2.875
             3.    3.125 3.25  3.375 3.5   3.625]
            """,
            Tensor.Arange(30, DType.Float32) / 8
        },
        {
            """
            [[[  0  50]
              [100 150]
              [200 250]]

             [[300 350]
              [400 450]
              [500 550]]] int32
            """,
            Tensor.From([.. Enumerable.Range(0, 12).Select(i => 50 * i)], [2, 3, 2])
        },
        {
            "[ True False] bool",
            Tensor.From([true, false])
        },
        {
            """
            [[0.000e+00 1.000e+00 2.000e+00 ... 3.700e+01 3.800e+01 3.900e+01]
             [4.000e+01 4.100e+01 4.200e+01 ... 7.700e+01 7.800e+01 7.900e+01]
             [8.000e+01 8.100e+01 8.200e+01 ... 1.170e+02 1.180e+02 1.190e+02]
             ...
             [1.480e+03 1.481e+03 1.482e+03 ... 1.517e+03 1.518e+03 1.519e+03]
             [1.520e+03 1.521e+03 1.522e+03 ... 1.557e+03 1.558e+03 1.559e+03]
             [1.560e+03 1.561e+03 1.562e+03 ... 1.597e+03 1.598e+03 1.599e+03]]
            """,
            Tensor.Arange(1600, DType.Float32).Reshape(40, 40)
        },
    };

    [Theory]
    [MemberData(nameof(Printed), DisableDiscoveryEnumeration = true)]
    public void AsNumPyPrints(string expected, Tensor t) => Assert.Equal(expected.ReplaceLineEndings("\n"), t.ToString());

    [Fact]
    public void NothingIsPrintedAsBrackets() => Assert.Equal("[]", Tensor.Zeros([2, 0]).ToString());

    /// <summary>A large tensor on a device sends its corners only.</summary>
    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void OnEveryDevice(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var t = (Tensor.Arange(1600, device: device) / 4).Reshape(40, 40);

        Assert.StartsWith("[[0.0000e+00 2.5000e-01 5.0000e-01 ... 9.2500e+00 9.5000e+00 9.7500e+00]\n", t.ToString(), StringComparison.Ordinal);
        Assert.EndsWith(device == Device.Cpu ? "]]" : "]] on " + device, t.ToString(), StringComparison.Ordinal);
    }
}
