using Gpu.Autograd.Optim;

namespace Gpu.Autograd.Tests;

/// <summary>How maps scale volumes, and the densities that they make.</summary>
public sealed class DensityTests
{
    private static readonly double HalfLogTau = 0.5 * Math.Log(2 * Math.PI);

    public static TheoryData<string> Devices => TestDevices.All;

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Polar_coordinates_scale_areas_by_the_radius(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        int runs = 0;
        Tensor Polar(Tensor v)
        {
            runs++;
            return Tensor.Stack([v[0] * v[1].Cos(), v[0] * v[1].Sin()]);
        }

        var x = new Generator(1).Uniform([2, 3, 2], 0.5, 3, DType.Float64).To(device);
        var r = x[.., .., 0];
        var (y, scaling) = Autodiff.ValueAndLogAbsDetJacobian(Polar, x);
        Assert.Equal(1, runs);
        Close.Assert(r.Log(), scaling, 1e-12, "a batch of batches");
        Close.Assert(Tensor.Stack([r * x[.., .., 1].Cos(), r * x[.., .., 1].Sin()], axis: 2), y, 1e-12, "the value");
        Close.Assert(r[1].Log(), Autodiff.LogAbsDetJacobian(Polar, x[1]), 1e-12, "a batch");
        Close.Assert(r[1, 2].Log(), Autodiff.LogAbsDetJacobian(Polar, x[1, 2]), 1e-12, "a point");

        // d log r = 1/r along the first coordinate.
        var slope = Autodiff.Grad(v => Autodiff.LogAbsDetJacobian(Polar, v).Sum())(x[0]);
        Close.Assert(Tensor.Stack([1 / r[0], Tensor.ZerosLike(r[0])], axis: 1), slope, 1e-12, "its gradient");
    }

    [Fact]
    public void A_linear_map_scales_by_its_determinant_and_a_flat_one_by_nothing()
    {
        var a = Tensor.From(new[,] { { -2.0, 1 }, { 1, 1 } });
        var points = new Generator(2).Normal([5, 2], dtype: DType.Float64);

        var areas = Autodiff.LogAbsDetJacobian(v => a.MatMul(v), points);
        Close.Assert(Tensor.Full([5], Math.Log(3), DType.Float64), areas, 1e-14, "parallelograms");
        Assert.Equal(double.NegativeInfinity, Autodiff.LogAbsDetJacobian(v => Tensor.Stack([v[0] + v[1], v[0] + v[1]]), points[0]).Item());
        Assert.Equal([0], Autodiff.LogAbsDetJacobian(v => a.MatMul(v), Tensor.Zeros([0, 2], DType.Float64)).Shape);
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void It_is_differentiable_along_what_the_map_captures_to_any_order(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = new Generator(3).Normal([4, 3], dtype: DType.Float64).To(device);
        var w = (Tensor.Eye(3, DType.Float64) + new Generator(4).Normal([3, 3], 0, 0.2, DType.Float64)).To(device);
        Tensor Loss(Tensor w) => Autodiff.LogAbsDetJacobian(v => w.MatMul(v).Sinh(), x).Sum();

        // log |det| = log |det w| + Σ log cosh (w·x).
        var expected = Autodiff.Grad(m => (4 * m.LogAbsDet()) + x.MatMul(m.Transpose()).Cosh().Log().Sum());
        Close.Assert(expected(w), Autodiff.Grad(Loss)(w), 1e-11, "gradient");
        Close.Assert(
            Autodiff.Hvp(m => (4 * m.LogAbsDet()) + x.MatMul(m.Transpose()).Cosh().Log().Sum(), w, Tensor.OnesLike(w)),
            Autodiff.Hvp(Loss, w, Tensor.OnesLike(w)),
            1e-10,
            "Hessian");

        var leaf = w.Detach();
        leaf.RequiresGrad = true;
        Loss(leaf).Backward();
        Close.Assert(expected(w), leaf.Grad!, 1e-11, "tape");
    }

    [Fact]
    public void The_density_of_a_normal_variable_that_was_stretched()
    {
        // x = m + s·z, so z = (x − m)/s; and the density integrates to 1.
        double[] mean = [1, -2];
        var x = new Generator(5).Normal([6, 2], dtype: DType.Float64);
        var (m, s) = (Tensor.From(mean), Tensor.From([0.5, 3.0]));

        var density = Autodiff.LogDensity(v => (v - m) / s, Normal, x);

        var expected = (-0.5 * ((x - m) / s).Square() - HalfLogTau - s.Log()).Sum(axis: -1);
        Close.Assert(expected, density, 1e-13, "log p");
        Close.Assert(expected[2], Autodiff.LogDensity(v => (v - m) / s, Normal, x[2]), 1e-13, "log p of a point");

        var axis = Tensor.Linspace(-6, 6, 241, DType.Float64);
        var grid = Tensor.Meshgrid(axis, axis);
        var points = Tensor.Stack(grid, axis: -1);
        double mass = Autodiff.LogDensity(Warp, Normal, points).Exp().Sum().Item() * 0.05 * 0.05;
        Assert.Equal(1, mass, 1e-6);
    }

    [Fact]
    public void What_cannot_be_is_told()
    {
        var x = Tensor.Ones([4, 3]);
        Fails<ArgumentException>(
            "LogAbsDetJacobian: f takes a point of shape [3] to [2]; only a square Jacobian has a determinant (3 ≠ 2).",
            () => Autodiff.LogAbsDetJacobian(v => v[..2], x));
        Fails<ArgumentException>(
            "ValueAndLogAbsDetJacobian: f takes a point of shape [3] to []; only a square Jacobian has a determinant (3 ≠ 1).",
            () => Autodiff.ValueAndLogAbsDetJacobian(v => v.Sum(), x[0]));
        Fails<ArgumentException>(
            "LogAbsDetJacobian: x is a scalar; a point is a vector: [n], or [..., n] for a batch of them.",
            () => Autodiff.LogAbsDetJacobian(v => v, x[0, 0]));
        Fails<InvalidOperationException>(
            "LogDensity: the density of one point, [3], has shape [3]; it must be a scalar.",
            () => Autodiff.LogDensity(v => v, v => v, x));

        static void Fails<T>(string expected, Action act)
            where T : Exception => Assert.Equal(expected, Assert.Throws<T>(act).Message);
    }

    [Fact]
    public void A_flow_learns_a_known_density()
    {
        const int Steps = 400;
        var random = new Generator(7);
        var parameters = Start(random, Device.Cpu);
        foreach (var parameter in parameters)
        {
            parameter.RequiresGrad = true;
        }

        var optimizer = new Adam(parameters, learningRate: 0.02);
        var heldOut = Draw(random, 20_000);
        double before = Surprise(parameters, heldOut).Item();
        for (int step = 0; step < Steps; step++)
        {
            optimizer.LearningRate = 0.02 * (1 + Math.Cos(Math.PI * step / Steps)) / 2;
            optimizer.ZeroGrad();
            Surprise(parameters, Draw(random, 512)).Backward();
            optimizer.Step();
        }

        // The entropy is the least that can be; 20,000 points measure it to about 0.01 nats, and their excess over the truth far better.
        double after = Surprise(parameters, heldOut).Item();
        double entropy = Entropy();
        double truth = -Autodiff.LogDensity(Unwarp, Normal, heldOut).Mean().Item();
        Assert.True(before > entropy + 0.5, $"{before} nats to begin with, entropy {entropy}");
        Assert.InRange(truth, entropy - 0.03, entropy + 0.03);
        Assert.InRange(after, entropy - 0.03, entropy + 0.04);
        Assert.InRange(after - truth, 0, 0.01);
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_flow_trains_on_every_device_as_on_the_CPU(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = Draw(new Generator(8), 16);
        var (here, there) = (Start(new Generator(9), Device.Cpu), Start(new Generator(9), device));
        for (int step = 0; step < 3; step++)
        {
            var (value, gradient) = Autodiff.ValueAndGrad((Tensor[] p) => Surprise(p, x))(here);
            var (valueThere, gradientThere) = Autodiff.ValueAndGrad((Tensor[] p) => Surprise(p, x.To(device)))(there);
            Close.Assert(value, valueThere, 1e-11, "loss");
            for (int k = 0; k < gradient.Length; k++)
            {
                Close.Assert(gradient[k], gradientThere[k], 1e-11, $"gradient {k} in step {step}");
            }

            here = Tree.Map(here, gradient, (w, g) => w - (0.05 * g));
            there = Tree.Map(there, gradientThere, (w, g) => w - (0.05 * g));
        }
    }

    /// <summary>log p of a standard normal vector.</summary>
    private static Tensor Normal(Tensor z) => ((-0.5 * z.Square()) - HalfLogTau).Sum();

    /// <summary>A map of the plane that bends it and keeps areas only in places.</summary>
    private static Tensor Warp(Tensor v) => Tensor.Stack([v[0] + (0.5 * v[0].Tanh()), v[1] + (0.5 * v[0].Sin())]);

    /// <summary>Points x = sinh(L·z), z standard normal: correlated, with heavy tails. [count, 2]</summary>
    private static Tensor Draw(Generator random, int count) =>
        random.Normal([count, 2], dtype: DType.Float64).MatMul(Factor.Transpose()).Sinh();

    private static Tensor Factor => Tensor.From(new[,] { { 1.0, 0 }, { 0.6, 0.5 } });

    /// <summary>The truth: z = L⁻¹·asinh x.</summary>
    private static Tensor Unwarp(Tensor x) => Factor.Inverse().MatMul(x.Asinh());

    /// <summary>H(x) = H(L·z) + Σ E log cosh uᵢ, where uᵢ is normal with the deviation of row i of L.</summary>
    private static double Entropy()
    {
        double entropy = (2 * (HalfLogTau + 0.5)) + Math.Log(0.5);
        foreach (double deviation in new[] { 1, Math.Sqrt(0.36 + 0.25) })
        {
            const double Step = 0.001;
            for (double z = -10; z < 10; z += Step)
            {
                entropy += Step * Math.Exp((-0.5 * z * z) - HalfLogTau) * Math.Log(Math.Cosh(deviation * z));
            }
        }

        return entropy;
    }

    /// <summary>A dense invertible map, z = A·asinh(B·x + c) + d, near the identity.</summary>
    private static Tensor[] Start(Generator random, Device device)
    {
        Tensor Near(Tensor x) => (x + random.Normal(x.Shape, 0, 0.1, DType.Float64)).To(device);
        return
        [
            Near(Tensor.Eye(2, DType.Float64)), Near(Tensor.Eye(2, DType.Float64)), Near(Tensor.Zeros([2], DType.Float64)),
            Near(Tensor.Zeros([2], DType.Float64)),
        ];
    }

    /// <summary>The mean of −log p, in nats.</summary>
    private static Tensor Surprise(Tensor[] p, Tensor x) =>
        -Autodiff.LogDensity(v => p[0].MatMul((p[1].MatMul(v) + p[2]).Asinh()) + p[3], Normal, x).Mean();
}
