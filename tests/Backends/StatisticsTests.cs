namespace Gpu.Autograd.Tests;

/// <summary>Medians, sums beside NaN, differences, closeness and padding by what is there; the numbers are NumPy's.</summary>
public class StatisticsTests
{
    private const double Inf = double.PositiveInfinity;
    private const double NaN = double.NaN;

    public static TheoryData<string> Devices => TestDevices.All;

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Quantiles(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = Tensor.From<double>([7, 1, 3, 2, 4, NaN, 5, 1, Inf, Inf, Inf, 0], [3, 4]).To(device);
        Assert.Equal([2.5, NaN, Inf], Close.Values(x.Median()));
        Assert.Equal([1.3, NaN], Close.Values(x.Quantile(0.1, axis: 1, keepDims: true)[..2]).Select(v => Math.Round(v, 12)));
        Assert.Equal([1, 3], x.Quantile(1, axis: 0, keepDims: true)[..1, ..3].Shape.ToArray());
        Assert.Equal([1.0, 7], [x[0].Quantile(0).Item(), x[0].Quantile(1).Item()]);
        Assert.Equal([0, 0, 0.5, 0.5], Close.Values(Autodiff.Grad(v => v.Median())(x[0])));
        Assert.Equal(3, x[0, 2].Median().Item());
        Assert.StartsWith("Quantile: q is 1.5;", Assert.Throws<ArgumentException>(() => x.Quantile(1.5)).Message);
        Assert.StartsWith("Median: axis 1 of [2, 0] is empty", Assert.Throws<ArgumentException>(() => Tensor.Ones([2, 0]).Median()).Message);
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Sums_and_means_pass_over_NaN(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = Tensor.From<double>([1, NaN, 4, NaN, NaN, NaN], [2, 3]).To(device);
        Assert.Equal([5, 0], Close.Values(x.NanSum(1)));
        Assert.Equal([2.5, NaN], Close.Values(x.NanMean(1)));
        Assert.Equal(2.5, x.NanMean().Item());
        Assert.Equal([0.5, 0, 0.5], Close.Values(Autodiff.Grad(v => v.NanMean())(x[0])));
        Assert.Equal(6, Tensor.From([1, 2, 3]).To(device).NanSum().Item());
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Differences_of_neighbours(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = Tensor.From([1, 4, 9, 16]).To(device);
        Assert.Equal([3, 5, 7], x.Diff().ToArray<int>());
        Assert.Equal([2, 2], x.Diff(n: 2).ToArray<int>());
        Assert.Equal([0], x.Diff(n: 9).Shape.ToArray());
        Assert.Equal([1, 4, 9, 16], x.Diff(n: 0).ToArray<int>());
        Assert.Equal([-1, 0, 1.0], Close.Values(Autodiff.Grad(v => v.Diff(0).Sum())(Tensor.From([3.0, 1, 2]).To(device))));
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Close_numbers(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var a = Tensor.From([1, 1 + 9e-6, 1 + 2e-5, Inf, Inf, 1, NaN, 0, double.MaxValue]).To(device);
        var b = Tensor.From([1, 1, 1, Inf, -Inf, Inf, NaN, 1e-9, -double.MaxValue]).To(device);
        Assert.Equal([true, true, false, true, false, false, false, true, false], Tensor.IsClose(a, b).ToArray<bool>());
        Assert.Equal([true, true, true, true, false, false, true, true, false], Tensor.IsClose(a, b, relative: 1e-4, equalNaN: true).ToArray<bool>());
        Assert.True(Tensor.AllClose(a[..2], 1));
        Assert.True(Tensor.AllClose(1, a[..2]));
        Assert.False(Tensor.AllClose(a[..3], 1));
        Assert.True(Tensor.AllClose(a[..0], b[..0]));
        Assert.Equal([true, false], Tensor.IsClose(Tensor.From([1, 2]).To(device), 1).ToArray<bool>());
        Assert.StartsWith("IsClose: dtypes differ", Assert.Throws<ArgumentException>(() => Tensor.IsClose(a, b.To(DType.Float32))).Message);
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Padding_by_what_is_there(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = Tensor.From([1.0, 2, 3]).To(device);
        Assert.Equal([3, 2, 1, 2, 3, 2], Close.Values(x.ReflectionPad([2], [1])));
        Assert.Equal([1, 1, 1, 2, 3, 3, 3, 3], Close.Values(x.ReplicationPad([2], [3])));
        var weights = Tensor.From([1.0, 2, 1, 0, 2]).To(device);
        Assert.Equal([1, 2, 3], Close.Values(Autodiff.Grad(v => (v.ReflectionPad([2], [0]) * weights).Sum())(x)));
        Assert.Equal([3, 1, 3], Close.Values(Autodiff.Grad(v => v.ReplicationPad([2], [2]).Sum())(x)));
        Assert.Equal([7.0, 7], Close.Values(Tensor.Full([1], 7, DType.Float64, device).ReplicationPad([1], [0])));
        Assert.Contains("there may be 0 to 2", Assert.Throws<ArgumentException>(() => x.ReflectionPad([3], [0])).Message);
        Assert.Contains("there may be 0 to 0", Assert.Throws<ArgumentException>(() => x[..0].ReplicationPad([1], [0])).Message);
    }
}
