using Gpu.Autograd.Capturing;

namespace Gpu.Autograd.Tests;

/// <summary>A matrix that all of a batch share is one operand of one product, in whatever way the batch came about.</summary>
public sealed class SharedMatrixTests
{
    public static TheoryData<string> Devices => TestDevices.All;

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_matrix_times_each_vector_of_a_batch_is_one_product(string name)
    {
        var device = TestDevices.Require(name);
        var (w, x) = (Normal(1, [5, 4], device), Normal(2, [7, 4], device));
        AssertOneProduct(
            x, x.MatMul(w.Transpose()), Autodiff.Vmap(v => w.MatMul(v)), "W·v");
        AssertOneProduct(
            x, x.MatMul(w.Transpose()), Autodiff.Vmap(v => v.MatMul(w.Transpose())), "v·Wᵀ");
        AssertOneProduct(
            x, x.MatMul(w.Transpose()).Unsqueeze(-1), x => w.MatMul(x.Unsqueeze(-1)), "W·x[…, 1]");
        AssertOneProduct(
            x.Transpose(), x.MatMul(w.Transpose()), Autodiff.Vmap(v => w.MatMul(v), inAxis: 1), "W·v, columns of x");
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Matrices_with_axes_in_front_times_a_matrix_or_a_vector(string name)
    {
        var device = TestDevices.Require(name);
        var (w, v) = (Normal(1, [4, 5], device), Normal(2, [4], device));
        var dense = Normal(3, [2, 3, 6, 4], device);
        foreach (var x in new[] { dense, dense.Permute(1, 0, 2, 3), dense[.., .., 1..5], Normal(4, [2, 3, 4, 6], device).Permute(0, 1, 3, 2), dense[..0] })
        {
            var (left, right) = (x.MatMul(w), x.MatMul(v));
            var turned = w.Transpose().MatMul(x.Transpose());
            Assert.Equal([.. x.Shape.Lengths[..^1], 5], left.Shape.ToArray());
            Assert.Equal(x.Shape.Lengths[..^1].ToArray(), right.Shape.ToArray());
            for (int i = 0; i < x.Shape[0]; i++)
            {
                for (int j = 0; j < x.Shape[1]; j++)
                {
                    Close.Assert(x[i, j].MatMul(w), left[i, j], 1e-13, "x·W");
                    Close.Assert(x[i, j].MatMul(v), right[i, j], 1e-13, "x·v");
                    Close.Assert(x[i, j].MatMul(w), turned[i, j].Transpose(), 1e-13, "Wᵀ·xᵀ");
                }
            }
        }

        Assert.Equal(0, Tensor.Zeros([2, 3, 0], device: device).MatMul(Tensor.Zeros([0, 4], device: device)).Abs().Sum().Item());
    }

    /// <summary>The gradient of a weight is summed over the batch inside of the product: no gradient of each sample is ever made.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void The_gradient_of_a_shared_matrix_is_one_product(string name)
    {
        var device = TestDevices.Require(name);
        const int Batch = 50;
        var (w, x) = (Normal(1, [8, 9], device), Normal(2, [Batch, 9], device));
        var expected = x.MatMul(w.Transpose()).Tanh() is var y ? (1 - (y * y)).Transpose().MatMul(x) : w;
        Func<Tensor, Tensor>[] losses =
        [
            w => Autodiff.Vmap(v => w.MatMul(v).Tanh().Sum())(x).Sum(),
            w => Autodiff.Vmap(v => v.MatMul(w.Transpose()).Tanh())(x).Sum(),
            w => x.Reshape(5, Batch / 5, 9).MatMul(w.Transpose()).Tanh().Sum(),
            w => w.MatMul(x.Reshape(5, Batch / 5, 9, 1)).Tanh().Sum(),
        ];
        foreach (var (k, loss) in losses.Index())
        {
            var step = Step.Capture(Autodiff.Grad(loss));
            Close.Assert(expected, Repeated(step, w), 1e-12, $"loss {k}");
            Assert.All(step.LatestPlan!.Calls.SelectMany(call => call.Operands), operand => Assert.True(operand.Shape.Size < Batch * 8 * 9));
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Captured_Jacobians_and_Hessians_are_products_of_two_matrices(string name)
    {
        var device = TestDevices.Require(name);
        var (w, x) = (Normal(1, [6, 6], device), Normal(2, [6], device));
        var y = w.MatMul(x).Tanh();
        var slope = 1 - (y * y);
        var jacobian = Step.Capture(x => Autodiff.Jacobian(v => w.MatMul(v).Tanh(), x));
        Close.Assert(slope.Unsqueeze(1) * w, Repeated(jacobian, x), 1e-13, "Jacobian");

        // Beside W·x there is one product; the unit vectors are made once.
        Assert.Equal(2, Products(jacobian));
        Assert.DoesNotContain(jacobian.LatestPlan!.Calls, call => call.Inputs.IsEmpty);

        var hessian = Step.Capture(x => Autodiff.Hessian(v => w.MatMul(v).Tanh().Square().Sum(), x));
        var second = 2 * slope * (slope - (2 * y * y));
        Close.Assert(w.Transpose().MatMul(second.Unsqueeze(1) * w), Repeated(hessian, x), 1e-12, "Hessian");
        Assert.Equal(3, Products(hessian));
        Assert.DoesNotContain(hessian.LatestPlan!.Calls, call => call.Inputs.IsEmpty);
    }

    [Fact]
    public void Gradients_of_each_sample_are_not_copied()
    {
        var (w, b) = (Normal(1, [3, 4], Device.Cpu), Normal(2, [3], Device.Cpu));
        var x = Normal(3, [6, 4], Device.Cpu);
        var all = Step.Capture((Tensor x) => Autodiff.Vmap<Tensor, (Tensor W, Tensor B)>(v =>
            Autodiff.Grad(((Tensor W, Tensor B) p) => (v.Unsqueeze(0).MatMul(p.W.Transpose()) + p.B).Square().Sum() / 2)((w, b)))(x));
        for (int run = 0; run < 4; run++)
        {
            var (ofWeight, ofBias) = all.Run(x);
            var y = x.MatMul(w.Transpose()) + b;
            Close.Assert(y.Unsqueeze(-1) * x.Unsqueeze(1), ofWeight, 1e-13, "weight");
            Close.Assert(y, ofBias, 1e-13, "bias");
        }

        // x·Wᵀ, + b and the slope, and the outer products; b's gradient is the slope itself.
        Assert.Equal(3, all.LatestPlan!.Calls.Count);
    }

    [Fact]
    public void What_is_written_again_after_it_was_read_is_no_constant()
    {
        var step = Step.Capture(x =>
        {
            var t = Tensor.Zeros([2]);
            var before = x + t;
            t.Assign(Tensor.Ones([2]));
            var unit = Tensor.Eye(2);
            return Tensor.Concat([before, x + t, unit.MatMul(x)]);
        });
        for (int run = 0; run < 6; run++)
        {
            Assert.Equal([run, 2, run + 1, 3, run, 2], step.Run(Tensor.From([run, 2f])).ToArray<float>());
        }

        Assert.NotNull(step.LatestPlan);
    }

    private static Tensor Normal(ulong seed, Shape shape, Device device) => new Generator(seed).Normal(shape, dtype: DType.Float64).To(device);

    private static Tensor Repeated(CapturedStep<Tensor, Tensor> step, Tensor x)
    {
        for (int run = 0; run < 4; run++)
        {
            step.Run(x);
        }

        return step.Run(x);
    }

    private static void AssertOneProduct(Tensor x, Tensor expected, Func<Tensor, Tensor> f, string what)
    {
        var step = Step.Capture(f);
        Close.Assert(expected, f(x), 1e-13, what);
        Close.Assert(expected, Repeated(step, x), 1e-13, what);
        Assert.Equal(1, Products(step));
    }

    /// <summary>How many products a step makes; each is of two matrices.</summary>
    private static int Products(CapturedStep step)
    {
        var products = step.LatestPlan!.Calls.OfType<ProductCall>().ToArray();
        Assert.All(products, product => Assert.Equal(1, product.Results[0].Shape[0]));
        return products.Length;
    }
}
