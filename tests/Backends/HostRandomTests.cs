using Gpu.Autograd.Kernels;
using Gpu.Autograd.Optim;

namespace Gpu.Autograd.Tests;

/// <summary>
/// The kernels in shapes that nobody chose, with the threads of a group in random orders and every access to memory watched: nothing races,
/// and values and gradients are those of the CPU.
/// </summary>
public sealed class HostRandomTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Values_and_gradients_are_those_of_the_cpu(int seed)
    {
        var random = new Random(seed);
        var device = new Device("watched", new HostBackend(seed));
        for (int round = 0; round < 2; round++)
        {
            var (b, m, k, n) = (random.Next(1, 4), random.Next(1, 45), random.Next(1, 80), random.Next(1, 45));
            int axis = random.Next(3), side = random.Next(3, 9), channels = random.Next(1, 5);
            var dtype = random.Next(2) == 0 ? DType.Float32 : DType.Float64;
            Same("matmul", x => x[0].MatMul(x[1]), [b, m, k], [b, k, n]);
            Same("matmul, transposed", x => x[0].Transpose().MatMul(x[1].Transpose()), [k, m], [n, k]);

            // So many that each is a tile of 64 × 64.
            if (round == 0)
            {
                Same("matmul of many", x => x[0].MatMul(x[1]), [64, random.Next(33, 45), k % 9], [64, k % 9, random.Next(33, 45)]);
            }

            Same("linear", x => x[0].Linear(x[1], x[2]).Tanh(), [m, k], [n, k], [n]);
            Same("conv2d", x => x[0].Conv2d(x[1], padding: 1), [b, channels, side, side + 1], [random.Next(1, 5), channels, 3, 3]);
            Same("softmax", x => x[0].Softmax(), [b, m, k]);
            Same("log-softmax", x => x[0].LogSoftmax(0), [m, n]);
            Same("cross-entropy", x => x[0].CrossEntropy(Labels(m, k).To(x[0].Device)), [m, k]);
            Same("sum", x => (x[0] * x[0]).Sum(axis), [b, m, n]);
            Same("sum of all", x => x[0].Sin().Sum(), [m, k, n]);
            Same("logsumexp", x => x[0].LogSumExp(axis), [b, m, n]);
            Same("max", x => x[0].Max(axis), [b, m, n]);
            Same("cumsum", x => x[0].CumSum(axis), [b, m, k]);
            Same("sort", x => x[0].Sort().Values, [b, k]);
            Same("gather", x => x[0].Gather(Labels(n, m).To(x[0].Device)), [m, k]);
            Same("views", x => (x[0].Transpose() + x[1])[..^1].Exp(), [n, m], [m, 1]);
            Same("Adam", x => Trained(x[0], x[1]), [m, k], [n]);

            void Same(string what, Func<Tensor[], Tensor> f, params int[][] shapes)
            {
                var generator = new Generator((ulong)random.Next());
                Tensor[] x = [.. shapes.Select(shape => generator.Normal(new Shape(shape)).To(dtype))];
                string where = $"{what} of {string.Join(", ", shapes.Select(shape => new Shape(shape)))}, {dtype}, seed {seed}";
                double tolerance = dtype == DType.Float32 ? 2e-5 : 1e-12;
                Close.Assert(f(x), f([.. x.Select(one => one.To(device))]).To(Device.Cpu), tolerance, where);
                for (int i = 0; i < x.Length && what != "Adam"; i++)
                {
                    Close.Assert(Gradient(x, i), Gradient([.. x.Select(one => one.To(device))], i).To(Device.Cpu), tolerance, $"gradient {i} of {where}");
                }

                Tensor Gradient(Tensor[] at, int i) =>
                    Autodiff.Grad(t => f([.. at.Select((other, j) => i == j ? t : other)]).Cos().Sum())(at[i]);
            }

            Tensor Labels(int count, int classes)
            {
                var labels = new Random(count + classes);
                return Tensor.From<long>([.. Enumerable.Range(0, count).Select(_ => (long)labels.Next(classes))]);
            }
        }
    }

    /// <summary>Both after three steps, one after the other.</summary>
    private static Tensor Trained(Tensor a, Tensor b)
    {
        Tensor[] parameters = [(a * 1).Detach(), (b * 1).Detach()];
        foreach (var p in parameters)
        {
            p.RequiresGrad = true;
        }

        var optimizer = new Adam(parameters, learningRate: 0.1, weightDecay: 0.01);
        for (int i = 0; i < 3; i++)
        {
            optimizer.ZeroGrad();
            (parameters[0].Sin().Sum() + parameters[1].Square().Sum()).Backward();
            optimizer.Step();
        }

        return Tensor.Concat([.. parameters.Select(p => p.Detach().Reshape(-1))]);
    }
}
