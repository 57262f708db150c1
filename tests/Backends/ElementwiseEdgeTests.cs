namespace Gpu.Autograd.Tests;

/// <summary>Elementwise ops at the edges: kinks, ties, zeros, infinities, far tails. The conventions are PyTorch's.</summary>
public class ElementwiseEdgeTests
{
    private const double Inf = double.PositiveInfinity;

    /// <summary>An op with points, and the value and the slope at each.</summary>
    private static readonly Dictionary<string, (Func<Tensor, Tensor> F, double[] X, double[] Y, double[] Slope)> Points = new()
    {
        ["relu"] = (x => x.Relu(), [-1, -0.0, 0, 1, double.NaN], [0, 0, 0, 1, double.NaN], [0, 0, 0, 1, 1]),
        ["leaky_relu"] = (x => x.LeakyRelu(0.5), [-1, 0, 1], [-0.5, 0, 1], [0.5, 0.5, 1]),
        ["abs"] = (x => x.Abs(), [-2, 0, 2], [2, 0, 2], [-1, 0, 1]),
        ["sign"] = (x => x.Sign(), [-2, 0, 2, Inf, double.NaN], [-1, 0, 1, 1, 0], [0, 0, 0, 0, 0]),
        ["sqrt"] = (x => x.Sqrt(), [0, 4, Inf], [0, 2, Inf], [Inf, 0.25, 0]),
        ["elu"] = (x => x.Elu(2), [-1000, 0, 1000, -Inf, Inf], [-2, 0, 1000, -2, Inf], [0, 2, 1, 0, 1]),
        ["celu"] = (x => x.Celu(2), [-1000, 0, 1000, -Inf, Inf], [-2, 0, 1000, -2, Inf], [0, 1, 1, 0, 1]),
        ["mish"] = (x => x.Mish(), [-1000, 0, 1000, Inf], [0, 0, 1000, Inf], [0, 0.6, 1, double.NaN]),
        ["gelu_tanh"] = (x => x.GeluTanh(), [-1000, 0, 1000], [0, 0, 1000], [0, 0.5, 1]),
        ["silu"] = (x => x.Silu(), [-1000, 0, 1000], [0, 0, 1000], [0, 0.5, 1]),
        ["softplus"] = (x => x.Softplus(), [-1000, 1000, -Inf, Inf], [0, 1000, 0, Inf], [0, 1, 0, 1]),
        ["log_sigmoid"] = (x => x.LogSigmoid(), [-1000, 1000, -Inf, Inf], [-1000, 0, -Inf, 0], [1, 0, 1, 0]),
        ["clamp"] = (x => x.Clamp(-1, 2), [-1.5, -1, 0, 2, 2.5, Inf, double.NaN], [-1, -1, 0, 2, 2, 2, double.NaN], [0, 1, 1, 1, 0, 0, 0]),
        ["clamp from below"] = (x => x.Clamp(min: 0), [-1, 0, Inf, double.NaN], [0, 0, Inf, double.NaN], [0, 1, 1, 0]),
        ["clamp between tensors"] = (
            x => x.Clamp(Tensor.Full(x.Shape, -1, x.DType, x.Device), Tensor.Full([], 2, x.DType, x.Device)),
            [-1.5, -1, 0, 2, 2.5, Inf, double.NaN], [-1, -1, 0, 2, 2, 2, double.NaN], [0, 1, 1, 1, 0, 0, 0]),
        ["clamp with crossed bounds"] = (x => x.Clamp(1, -1), [-2, 0, 2], [-1, -1, -1], [0, 0, 0]),
        ["hard_tanh"] = (x => x.HardTanh(), [-2, -1, 0, 1, 2, Inf, -Inf, double.NaN], [-1, -1, 0, 1, 1, 1, -1, double.NaN], [0, 0, 1, 0, 0, 0, 0, 1]),
        ["relu6"] = (x => x.Relu6(), [-1, 0, 3, 6, 7, double.NaN], [0, 0, 3, 6, 6, double.NaN], [0, 0, 1, 0, 0, 1]),
        ["hard_sigmoid"] = (x => x.HardSigmoid(), [-4, -3, 0, 3, 4, double.NaN], [0, 0, 0.5, 1, 1, double.NaN], [0, 0, 1.0 / 6, 0, 0, 0]),
        ["hard_swish"] = (x => x.HardSwish(), [-Inf, -3, 0, 3, Inf], [0, 0, 0, 3, Inf], [0, 0, 0.5, 1, 1]),
        ["soft_shrink"] = (x => x.SoftShrink(), [-Inf, -1, -0.5, 0, 0.5, 1, double.NaN], [-Inf, -0.5, 0, 0, 0, 0.5, double.NaN], [1, 1, 0, 0, 0, 1, 1]),
        ["hard_shrink"] = (x => x.HardShrink(), [-Inf, -1, -0.5, 0, 0.5, 1, double.NaN], [-Inf, -1, 0, 0, 0, 1, double.NaN], [1, 1, 0, 0, 0, 1, 1]),
        ["threshold"] = (x => x.Threshold(1, 20), [0, 1, 2, Inf, double.NaN], [20, 20, 2, Inf, double.NaN], [0, 0, 1, 1, 1]),
        ["nan_to_num"] = (x => x.NanToNum(7, 8), [double.NaN, Inf, 5], [7, 8, 5], [0, 0, 1]),
        ["entr"] = (x => x.Entr(), [-1, 0, 1, Inf], [-Inf, 0, 0, -Inf], [double.NaN, Inf, -1, -Inf]),
        ["x·log x"] = (x => Tensor.Xlogy(x, x.Detach()), [0, 1, Inf], [0, 0, Inf], [0, 0, Inf]),
        ["xlogy, second operand"] = (x => Tensor.Xlogy(0, x), [-1, 1, 2, Inf], [0, 0, 0, 0], [0, 0, 0, 0]),
        ["max with itself"] = (x => Tensor.Maximum(x, x.Detach()), [-1, Inf], [-1, Inf], [0.5, 0.5]),
        ["min with itself"] = (x => Tensor.Minimum(x, x.Detach()), [-1, -Inf], [-1, -Inf], [0.5, 0.5]),
        ["minimum"] = (x => Tensor.Minimum(x, 1), [0, 2, -Inf, Inf], [0, 1, -Inf, 1], [1, 0, 1, 0]),
        ["hypot"] = (x => Tensor.Hypot(x, 0.75 * x.Detach()), [0, 4, 2e38, Inf], [0, 5, 2.5e38, Inf], [double.NaN, 0.8, 0.8, double.NaN]),
        ["hypot beside NaN"] = (x => Tensor.Hypot(x, double.NaN), [1, Inf, -Inf], [double.NaN, Inf, Inf], [double.NaN, double.NaN, double.NaN]),
        ["hypot of NaN"] = (x => Tensor.Hypot(double.NaN, x), [1, Inf, -Inf], [double.NaN, Inf, Inf], [double.NaN, double.NaN, double.NaN]),
        ["log_add_exp"] = (x => Tensor.LogAddExp(x, 0), [-1000, 1000, -Inf, Inf], [0, 1000, 0, Inf], [0, 1, 0, 1]),
        ["copy_sign"] = (x => Tensor.CopySign(x, -2), [-3, 0, 3, Inf], [-3, -0.0, -3, -Inf], [1, 0, -1, -1]),
        ["lerp"] = (x => Tensor.Lerp(1, 3, x), [0, 0.5, 1], [1, 2, 3], [2, 2, 2]),
    };

    public static TheoryData<string, string> PointsOnDevices
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string device in TestDevices.Names)
            {
                foreach (string name in Points.Keys)
                {
                    data.Add(name, device);
                }
            }

            return data;
        }
    }

    [SkippableTheory]
    [MemberData(nameof(PointsOnDevices))]
    public void Values_and_slopes_at_the_edges(string name, string deviceName)
    {
        var (f, points, values, slopes) = Points[name];
        var device = TestDevices.Require(deviceName);
        foreach (var dtype in new[] { DType.Float32, DType.Float64 })
        {
            var x = Tensor.From<double>(points).To(dtype).To(device);
            var ones = Tensor.Ones(x.Shape, dtype, device);
            string what = $"{name} {dtype.Name()} on {deviceName}";
            Close.Assert(values, Close.Values(f(x)), 1e-6, what);
            Close.Assert(slopes, Close.Values(Autodiff.Grad(v => f(v).Sum())(x)), 1e-6, $"{what}: gradient");
            Close.Assert(slopes, Close.Values(Autodiff.Jvp(f, x, ones).Tangent), 1e-6, $"{what}: tangent");

            // The same as ops that are recorded, not as one kernel.
            var recorded = Autodiff.Vjp(v => Autodiff.Grad(w => f(w).Sum())(v), x).Value;
            Close.Assert(slopes, Close.Values(recorded), 1e-6, $"{what}: recorded gradient");
        }
    }

    /// <summary>Far out, second derivatives are 0 and not ∞·0.</summary>
    [Fact]
    public void Far_tails_are_straight()
    {
        string[] straight = ["elu", "celu", "mish", "gelu_tanh", "silu", "softplus", "log_sigmoid"];
        var x = Tensor.From([-1000f, 1000f]);
        foreach (string name in straight)
        {
            Tensor F(Tensor v) => Points[name].F(v).Sum();
            Close.Assert([0, 0], Close.Values(Autodiff.Hvp(F, x, Tensor.Ones([2]))), 0, name);
            Close.Assert([0, 0], Close.Values(Autodiff.Grad(v => Autodiff.Grad(F)(v).Sum())(x)), 0, $"{name}, reverse twice");
        }
    }

    [Fact]
    public void NaN_is_handed_on()
    {
        var nan = Tensor.From([double.NaN]);
        Func<Tensor, Tensor>[] ops =
        [
            x => x.Clamp(0, 1), x => x.HardTanh(), x => x.SoftShrink(), x => x.HardShrink(), x => x.Threshold(0, 1), x => x.HardSwish(),
            x => x.HardSigmoid(), x => x.Elu(), x => x.Celu(), x => x.Mish(), x => x.Entr(), x => x.Round(), x => x.Floor(), x => x.Ceil(),
            x => x.Trunc(), x => Tensor.Minimum(x, 0), x => Tensor.Minimum(0, x), x => Tensor.Maximum(x, 0), x => Tensor.Xlogy(0, x),
            x => Tensor.Xlogy(x, 1), x => Tensor.Hypot(0, x), x => Tensor.LogAddExp(x, 0), x => Tensor.Remainder(x, 2), x => Tensor.Fmod(2, x),
            x => x.Clamp(Tensor.From([0.0]), Tensor.From([1.0])), x => x.LogSigmoid(),
        ];
        for (int k = 0; k < ops.Length; k++)
        {
            Close.Assert([double.NaN], Close.Values(ops[k](nan)), 0, $"op {k}");
        }
    }

    public static TheoryData<string> Devices => [.. TestDevices.Names];

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Rounding_is_exact(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        double[] x =
        [
            0, -0.0, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 3.5, 0.49999997, 4194303.5, 4194304.5, 4194305.5, 8388607.5, 8388609, 16777217, 1e20, Inf,
            double.NaN, 1e-40, 2251799813685247.5, 2251799813685249.5, 4503599627370495.5, 4503599627370497,
        ];
        x = [.. x, .. x.Select(v => -v)];
        foreach (var dtype in new[] { DType.Float32, DType.Float64 })
        {
            var t = Tensor.From<double>(x).To(dtype).To(device);
            double[] given = Close.Values(t);
            Bits(given.Select(v => Math.Round(v, MidpointRounding.ToEven)), t.Round(), "round");
            Bits(given.Select(Math.Floor), t.Floor(), "floor");
            Bits(given.Select(Math.Ceiling), t.Ceil(), "ceil");
            Bits(given.Select(Math.Truncate), t.Trunc(), "trunc");

            void Bits(IEnumerable<double> expected, Tensor actual, string what) =>
                Assert.Equal(
                    expected.Select((v, k) => (what, given[k], BitConverter.DoubleToInt64Bits(v))),
                    Close.Values(actual).Select((v, k) => (what, given[k], BitConverter.DoubleToInt64Bits(v))));
        }
    }

    /// <summary>Against values of a multiple-precision library.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Sines_of_large_numbers_are_right(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        double[] x = [1, 1e8, -3.4028234663852886e38, 7.729178919452902e28, 1e22, 5.319372648326541e255, double.MaxValue, Inf];
        double[] sin = [0.8414709848078965, 0.931639027109726, 0.5218765233336585, 1, -0.8522008497671888, 1, 0.004961954789184062, double.NaN];
        double[] cos = [0.5403023058681398, -0.3633850893556905, 0.8530210398303042, -1.6147697982476211e-09, 0.523214785395139,
            -4.687165924254628e-19, -0.9999876894265599, double.NaN];
        foreach (var (dtype, count, ulp) in new[] { (DType.Float64, x.Length, 4.5e-16), (DType.Float32, 4, 2.4e-7) })
        {
            var t = Tensor.From<double>(x[..count]).To(dtype).To(device);
            Near(sin, t.Sin(), "sin");
            Near(cos, t.Cos(), "cos");
            Near([.. sin.Zip(cos, (s, c) => s / c)], t.Tan(), "tan");

            void Near(double[] expected, Tensor y, string what) => Assert.All(
                Close.Values(y).Select((v, k) => (v, k)),
                p => Assert.True(
                    Math.Abs(p.v - expected[p.k]) <= ulp * Math.Abs(expected[p.k]) || (double.IsNaN(p.v) && double.IsNaN(expected[p.k])),
                    $"{what}({x[p.k]:R}) is {p.v:R}, not {expected[p.k]:R}, in {dtype}."));
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Remainders_take_their_sign_from_one_or_the_other(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        double[] a = [7, -7, 7, -7, 1, -1, 1, -0.75, 6, -6, 0.3, 5.5, 1e10, 1, 6, -1, 0.999999, 1e38, 3e38, 1e300, 1e-40, 0, -0.0];
        double[] b = [3, 3, -3, -3, Inf, Inf, -Inf, 0.25, 3, -3, 0.1, 0.5, 7, 0.1, 0.1, 0.1, 1e-5, 1e-38, 2.1e38, 1e-300, 3e-41, 2, 2];
        foreach (var dtype in new[] { DType.Float32, DType.Float64 })
        {
            var (ta, tb) = (Tensor.From<double>(a).To(dtype).To(device), Tensor.From<double>(b).To(dtype).To(device));
            double[] x = Close.Values(ta);
            double[] y = Close.Values(tb);
            double[] fmod = [.. x.Zip(y, (u, v) => u % v)];
            double[] remainder = [.. fmod.Zip(y, (r, v) => r == 0 || r < 0 == v < 0 ? r : dtype == DType.Float32 ? (float)(r + v) : r + v)];
            Assert.Equal(fmod, Close.Values(Tensor.Fmod(ta, tb)));
            Assert.Equal(remainder, Close.Values(Tensor.Remainder(ta, tb)));
        }

        var zero = Tensor.From([0.0, 1, Inf]).To(device);
        Assert.All(Close.Values(Tensor.Fmod(zero, 0)), v => Assert.True(double.IsNaN(v)));
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Questions_are_answered_with_bool(string deviceName)
    {
        var x = Tensor.From([0f, float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue]).To(TestDevices.Require(deviceName));
        Assert.Equal([false, true, false, false, false], x.IsNaN().ToArray<bool>());
        Assert.Equal([false, false, true, true, false], x.IsInfinity().ToArray<bool>());
        Assert.Equal([true, false, false, false, true], x.IsFinite().ToArray<bool>());
        Assert.Equal([true, false, true, true, true], Tensor.Equal(x, x).ToArray<bool>());
        Assert.Equal([false, true, false, false, false], Tensor.NotEqual(x, x).ToArray<bool>());
        Assert.Equal([float.MaxValue, float.MinValue], Tensor.From([float.PositiveInfinity, float.NegativeInfinity]).NanToNum().ToArray<float>());
        Assert.Equal([double.MaxValue], Tensor.From([Inf]).NanToNum().ToArray<double>());
    }

    /// <summary>Steps refuse a derivative by name, and say what to do; that works.</summary>
    [Fact]
    public void A_step_has_no_derivative()
    {
        var x = Tensor.From([0.5, 1.25]);
        const string Expected = "has no derivative; use Detach() on its operand if the gradient is to be 0 there.";
        Assert.Equal($"Round {Expected}", Assert.Throws<InvalidOperationException>(() => Autodiff.Grad(v => v.Round().Sum())(x)).Message);
        Assert.Equal($"Floor {Expected}", Assert.Throws<InvalidOperationException>(() => Autodiff.Jvp(v => v.Floor(), x, x)).Message);
        var leaf = x * 1;
        leaf.RequiresGrad = true;
        Assert.Equal($"Ceil {Expected}", Assert.Throws<InvalidOperationException>(() => leaf.Ceil().Sum().Backward()).Message);
        Assert.Equal($"Trunc {Expected}", Assert.Throws<InvalidOperationException>(() => leaf.Trunc().Sum().Backward()).Message);

        // Rounding forwards, the identity backwards.
        Func<Tensor, Tensor> through = v => v + (v.Detach().Round() - v.Detach());
        Assert.Equal([0, 1], Close.Values(through(x)));
        Assert.Equal([1, 1], Close.Values(Autodiff.Grad(v => through(v).Sum())(x)));
        Assert.Equal([0.5, 1.25], Close.Values(Autodiff.Jvp(through, x, x).Tangent));
    }

    /// <summary>1/0.1 rounds up to 10, but 0.1 is a little more than a tenth: it is in 1 nine times, as Python and PyTorch say.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_floored_quotient_goes_with_the_remainder(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        double[] a = [1, 6, -1, 1, -1, 1, 5, -5, 0, Inf, 1, -1, 0, 1e16, double.NaN];
        double[] b = [0.1, 0.1, 0.1, Inf, Inf, -Inf, 3, 3, 2, 2, 0, -2, -2, 3, 2];
        var (ta, tb) = (Tensor.From<double>(a).To(device), Tensor.From<double>(b).To(device));
        var q = Tensor.FloorDivide(ta, tb);
        double[] floors = [9, 59, -10, 0, -1, -1, 1, -2, 0, double.NaN, Inf, 0, -0.0, 3333333333333333, double.NaN];
        Assert.Equal(floors, Close.Values(q));
        Assert.Equal(floors.Select(v => 1 / v), Close.Values(1 / q));
        Close.Assert(a[..3], Close.Values((q * tb + Tensor.Remainder(ta, tb))[..3]), 1e-15, "b·q + r");
        Assert.Equal(Close.Values(-q[..3]), Close.Values(Autodiff.Grad(v => Tensor.Remainder(ta[..3], v).Sum())(tb[..3])));
        var error = Assert.Throws<InvalidOperationException>(() => Autodiff.Grad(v => Tensor.FloorDivide(v, tb).Sum())(ta));
        Assert.StartsWith("FloorDivide has no derivative; use Detach()", error.Message, StringComparison.Ordinal);
    }
}
