using Gpu.Autograd.Nn;

namespace Gpu.Autograd.Tests;

/// <summary>
/// A transform that runs a random function several times has it draw the same numbers each time, and leaves the generator as one run does.
/// </summary>
public class RandomFunctionTests
{
    public static TheoryData<string> Devices => TestDevices.All;

    private static Tensor X => new Generator(1).Normal([4], dtype: DType.Float64);

    /// <summary>Three numbers to four, with masks of a captured generator, of a captured Dropout, and one drawn alike each time.</summary>
    private static Func<Tensor, Tensor> Function(Generator generator, Device? device = null)
    {
        var w = new Generator(2).Normal([5, 4], dtype: DType.Float64, device: device ?? Device.Cpu);
        var dropout = new Dropout(0.25, generator);
        return x =>
        {
            var scale = generator.Uniform([5], 0.5, 1.5, DType.Float64, x.Device);
            var own = new Generator(7).Uniform([4], 0.5, 1.5, DType.Float64, x.Device);
            return dropout.Forward(w.MatMul(x * own).Tanh() * scale) * generator.Normal([], dtype: DType.Float64, device: x.Device);
        };
    }

    /// <summary>A matrix of derivatives in one way, and where the generator stands then.</summary>
    private static (Tensor Matrix, ulong Counter) Run(Func<Func<Tensor, Tensor>, Tensor> transform, Device? device = null)
    {
        var generator = new Generator(4) { Counter = 1000 };
        return (transform(Function(generator, device)), generator.Counter);
    }

    private static void Same(
        string what,
        double tolerance,
        Func<Func<Tensor, Tensor>, Tensor> expected,
        Device? device,
        params Func<Func<Tensor, Tensor>, Tensor>[] others)
    {
        var (matrix, counter) = Run(expected, device);
        Assert.True(Close.Values(matrix).Distinct().Count() > 4, $"{what}: the masks leave nothing");
        for (int i = 0; i < others.Length; i++)
        {
            var (other, after) = Run(others[i], device);
            Close.Assert(matrix, other, tolerance, $"{what}, way {i}");
            Assert.Equal(counter, after);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Jacobians_in_every_way(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = X.To(device);
        Same(
            $"Jacobian on {deviceName}",
            1e-12,
            f => Autodiff.JacobianReverse(f, x),
            device,
            f => Autodiff.JacobianReverse(f, x, chunk: 2),
            f => Autodiff.JacobianForward(f, x),
            f => Autodiff.JacobianForward(f, x, chunk: 1),
            f => Autodiff.JacobianForward(f, x, chunk: 3),
            f => Autodiff.Jacobian(f, x),
            f => Autodiff.Jacobian(f, x, chunk: 3),
            f => Autodiff.Jacobian(f, x, chunk: 1),
            f => Autodiff.Jacobian(z => Autodiff.Checkpoint(f, z), x, chunk: 3),
            f => Autodiff.JacobianForward(z => Autodiff.Checkpoint(f, z), x, chunk: 3),
            f => Autodiff.Checkpoint(z => Autodiff.JacobianForward(f, z, chunk: 3), x));

        // More inputs than outputs: Jacobian picks rows.
        Same(
            $"rows on {deviceName}",
            1e-12,
            f => Autodiff.JacobianForward(z => f(z)[..3], x),
            device,
            f => Autodiff.Jacobian(z => f(z)[..3], x),
            f => Autodiff.Jacobian(z => f(z)[..3], x, chunk: 1));
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Hessians_in_every_way(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = X.To(device);
        static Func<Tensor, Tensor> Loss(Func<Tensor, Tensor> f) => z => f(z).Square().Sum();
        static Func<Tensor[], Tensor> Split(Func<Tensor, Tensor> f) => z => Loss(f)(Tensor.Concat(z));
        static Tensor Whole(Tensor[][] blocks) => Tensor.Concat([.. blocks.Select(row => Tensor.Concat(row, 1))]);
        Same(
            $"Hessian on {deviceName}",
            1e-12,
            f => Autodiff.JacobianReverse(Autodiff.Grad(Loss(f)), x),
            device,
            f => Autodiff.Hessian(Loss(f), x),
            f => Autodiff.Hessian(Loss(f), x, chunk: 1),
            f => Autodiff.Hessian(Loss(f), x, chunk: 3),
            f => Autodiff.Jacobian(Autodiff.Grad(Loss(f)), x, chunk: 3),
            f => Whole(Autodiff.Hessian(Split(f), [x[..1], x[1..]])),
            f => Whole(Autodiff.Hessian(Split(f), [x[..3], x[3..]], chunk: 2)));
    }

    /// <summary>Each of a batch has its own function, or all the same; in either case one for all columns.</summary>
    [Theory]
    [InlineData(Randomness.Different)]
    [InlineData(Randomness.Same)]
    public void Within_a_batch(Randomness randomness)
    {
        var batch = new Generator(5).Normal([3, 4], dtype: DType.Float64);
        var over = (Func<Tensor, Tensor> jacobian) => Autodiff.Vmap(jacobian, randomness: randomness);
        Same(
            "Jacobian",
            1e-12,
            f => over(z => Autodiff.JacobianReverse(f, z))(batch),
            null,
            f => over(z => Autodiff.Jacobian(f, z, chunk: 3))(batch),
            f => over(z => Autodiff.JacobianReverse(f, z, chunk: 2))(batch),
            f => over(z => Autodiff.JacobianForward(f, z, chunk: 2))(batch));
        Same(
            "gradient through Jacobians",
            1e-11,
            f => Autodiff.Grad(b => over(z => Autodiff.JacobianReverse(f, z))(b).Square().Sum())(batch),
            null,
            f => Autodiff.Grad(b => over(z => Autodiff.JacobianForward(f, z, chunk: 2))(b).Square().Sum())(batch),
            f => Autodiff.Grad(b => over(z => Autodiff.Jacobian(f, z, chunk: 3))(b).Square().Sum())(batch));

        var (matrix, _) = Run(f => over(z => Autodiff.JacobianForward(f, z, chunk: 2))(X.BroadcastTo([3, 4])));
        Assert.Equal(randomness == Randomness.Same, Close.Values(matrix[..1]).SequenceEqual(Close.Values(matrix[1..2])));

        // An argument outside of the batch: the functions differ all the same.
        (matrix, _) = Run(f => over(z => Autodiff.JacobianForward(f, X, chunk: 2) * z.Sum())(Tensor.Ones([3, 1], DType.Float64)));
        var (expected, _) = Run(f => over(z => Autodiff.JacobianReverse(f, X) * z.Sum())(Tensor.Ones([3, 1], DType.Float64)));
        Close.Assert(expected, matrix, 1e-12, "outside of the batch");
        Assert.Equal(randomness == Randomness.Same, Close.Values(matrix[..1]).SequenceEqual(Close.Values(matrix[1..2])));
    }

    /// <summary>The transform that picks a mode needs one run to know which, and no other.</summary>
    [Fact]
    public void Jacobian_runs_the_function_once()
    {
        int runs = 0;
        Tensor F(Tensor x)
        {
            runs++;
            return x.BroadcastTo([2, 4]).Tanh();
        }

        Autodiff.Jacobian(F, X);
        Assert.Equal(1, runs);
        Autodiff.Jacobian(x => F(x).Sum(), X, chunk: 1);
        Assert.Equal(2, runs);
        Autodiff.Jacobian(F, X, chunk: 1);
        Assert.Equal(3, runs);
    }

    /// <summary>A rule that draws in its backward half: the same numbers for all rows; and under Checkpoint.</summary>
    [Fact]
    public void Rules_that_draw()
    {
        static Func<Tensor, Tensor> Rounded(Generator generator) => Autodiff.CustomVjp<Tensor, Tensor, Tensor>(
            x => x.Tanh(),
            x => (x.Tanh(), x),
            (x, g) => g * (1 - x.Tanh().Square()) * generator.Uniform([4], dtype: DType.Float64));
        (Tensor, ulong) With(Func<Func<Tensor, Tensor>, Tensor> transform)
        {
            var generator = new Generator(6);
            return (transform(Rounded(generator)), generator.Counter);
        }

        var (expected, counter) = With(
            f => Autodiff.Vmap(Autodiff.Vjp(f, X).Pullback, randomness: Randomness.Same)(Tensor.Eye(4, DType.Float64)));
        foreach (var transform in new Func<Func<Tensor, Tensor>, Tensor>[]
        {
            f => Autodiff.JacobianReverse(f, X),
            f => Autodiff.JacobianReverse(f, X, chunk: 3),
            f => Autodiff.JacobianReverse(x => Autodiff.Checkpoint(f, x), X, chunk: 1),
            f => Autodiff.Jacobian(f, X),
            f => Autodiff.Jacobian(x => Autodiff.Checkpoint(f, x), X, chunk: 3),
        })
        {
            var (matrix, after) = With(transform);
            Close.Assert(expected, matrix, 1e-14, "a rule that draws");
            Assert.Equal(counter, after);
        }
    }

    /// <summary>A function that draws otherwise when it is run again has no Jacobian; the error says whose run it was.</summary>
    [Fact]
    public void Clear_errors()
    {
        var generator = new Generator(1);
        int runs = 0;
        Tensor Draw(int count) => count == 0 ? 1 : generator.Uniform([count], dtype: DType.Float64).Sum();
        Tensor Fewer(Tensor x) => x * Draw(1) * Draw(runs++ == 0 ? 3 : 0);
        Tensor More(Tensor x) => x * Draw(1) * Draw(runs++ == 0 ? 0 : 3);
        Tensor Other(Tensor x) => x * Draw(1) * Draw(runs++ == 0 ? 2 : 300);
        foreach (var f in new Func<Tensor, Tensor>[] { Fewer, More, Other })
        {
            runs = 0;
            string message = Assert.Throws<InvalidOperationException>(() => Autodiff.JacobianForward(f, X, chunk: 2)).Message;
            Assert.StartsWith("Jacobian: run again, the function drew other random numbers", message);
            runs = 0;
            message = Assert.Throws<InvalidOperationException>(() => Autodiff.Hessian(x => f(x).Square().Sum(), X, chunk: 2)).Message;
            Assert.StartsWith("Hessian: run again", message);
            runs = 0;
            Assert.StartsWith("Checkpoint: run again", Assert.Throws<InvalidOperationException>(
                () => Autodiff.Grad(x => Autodiff.Checkpoint(f, x).Sum())(X)).Message);
        }
    }
}
