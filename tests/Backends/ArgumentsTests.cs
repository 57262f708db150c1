namespace Gpu.Autograd.Tests;

/// <summary>Functions of several arguments.</summary>
public class ArgumentsTests
{
    public static TheoryData<string> Devices => TestDevices.All;

    private static Tensor Point => Tensor.From<double>([0.3, -0.7, 1.1]);

    /// <summary>Functions of two and three arguments, along all of them or along one.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Functions_of_several_arguments(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var (a, b, c) = (Point.To(device), (Point + 2).To(device), Tensor.Scalar(3, DType.Float64, device));
        Func<Tensor, Tensor, Tensor> two = (x, y) => (x * y.Square()).Sum();
        Func<Tensor, Tensor, Tensor, Tensor> three = (x, y, z) => (x * y.Square()).Sum() * z;
        Tensor value = two(a, b), da = b.Square(), db = 2 * a * b;
        void Same(string what, params (Tensor Expected, Tensor Actual)[] pairs)
        {
            foreach (var (expected, actual) in pairs)
            {
                Close.Assert(expected, actual, 1e-13, $"{what} on {deviceName}");
            }
        }

        var (v2, (a2, b2)) = Autodiff.ValueAndGrad(two)(a, b);
        Same("of two", (value, v2), (da, a2), (db, b2));
        var (v3, (a3, b3, c3)) = Autodiff.ValueAndGrad(three)(a, b, c);
        Same("of three", (3 * value, v3), (3 * da, a3), (3 * db, b3), (value, c3));
        var (ga, gb, gc) = Autodiff.Grad((x, y, z) => three(x, y, z))(a, b, c);
        Same("the gradients", (3 * da, ga), (3 * db, gb), (value, gc));
        var (u2, aux2, (p2, q2)) = Autodiff.ValueAndGrad((Tensor x, Tensor[] y) => (two(x, y[0]), (y[0] * 2, "kept")))(a, [b]);
        Same("of two, with more", (value, u2), (2 * b, aux2.Item1), (da, p2), (db, q2[0]));
        Assert.Equal("kept", aux2.Item2);
        var (u3, aux3, g3) = Autodiff.ValueAndGrad((Tensor x, Tensor y, Tensor z) => (three(x, y, z), x * y))(a, b, c);
        Same("of three, with more", (3 * value, u3), (a * b, aux3), (3 * da, g3.Item1), (value, g3.Item3));

        // Along one, beside integers that have no gradient.
        var labels = Tensor.From<long>([1, 0, 2], device: device);
        Func<Tensor, Tensor, Tensor, Tensor> picked = (x, i, y) => (x.Gather(i) * y).Sum();
        var (v0, g0) = Autodiff.ValueAndGrad(picked, argument: 0)(a, labels, b);
        Same("along the first", (picked(a, labels, b), v0), (b.Gather(labels), g0));
        Same("along the last", (a.Gather(labels), Autodiff.ValueAndGrad(picked, argument: 2)(a, labels, b).Gradient));
        Same("of two, along the first", (a.Gather(labels).Gather(labels) * 0 + 1, Autodiff.ValueAndGrad((x, i) => x.Gather(i).Sum(), 0)(a, labels).Gradient));
        Same("partial", (b.Gather(labels), Autodiff.Partial(picked, 0)(a, labels, b)));
        Assert.Equal(
            "Partial: there is no argument 3 among 3.",
            Assert.Throws<ArgumentOutOfRangeException>(() => Autodiff.Partial(picked, 3)(a, labels, b)).Message);
        Assert.Equal(
            "ValueAndGrad: there is no argument -1 among 3.",
            Assert.Throws<ArgumentOutOfRangeException>(() => Autodiff.ValueAndGrad(picked, -1)(a, labels, b)).Message);

        var (y, pullback) = Autodiff.Vjp((x, z) => x * z.Square(), a, b);
        var (ta, tb) = pullback(c * Tensor.Ones([3], DType.Float64, device));
        Same("Vjp", (a * b.Square(), y), (3 * da, ta), (3 * db, tb));
        Same("Jvp", ((da * a) + (db * b), Autodiff.Jvp((x, z) => x * z.Square(), (a, b), (a, b)).Tangent));
    }
}
