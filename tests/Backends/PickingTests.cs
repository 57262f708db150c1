namespace Gpu.Autograd.Tests;

/// <summary>The gradients of ops that pick: what was not picked is masked, not multiplied by 0.</summary>
public class PickingTests
{
    /// <summary>Ops that pick, as functions of one operand that is picked where it is positive; each is 0, or picks another, where it is not.</summary>
    private static readonly Dictionary<string, Func<Tensor, Tensor>> Picking = new()
    {
        ["relu"] = x => x.Relu(),
        ["leaky_relu 0"] = x => x.LeakyRelu(0),
        ["hard_swish"] = x => (4 * x).HardSwish() / 4,
        ["maximum with a number"] = x => Tensor.Maximum(x, 0),
        ["number with maximum"] = x => Tensor.Maximum(0, x),
        ["maximum"] = x => Tensor.Maximum(x, Tensor.Zeros(x.Shape, x.DType, x.Device)),
        ["maximum, second operand"] = x => Tensor.Maximum(Tensor.Zeros(x.Shape, x.DType, x.Device), x),
        ["where"] = x => Tensor.Where(x > 0, x, 0),
        ["where, second branch"] = x => Tensor.Where(x <= 0, 0, x),
    };

    public static TheoryData<string, string> PickingOnDevices
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string device in TestDevices.Names)
            {
                foreach (string name in Picking.Keys)
                {
                    data.Add(name, device);
                }
            }

            return data;
        }
    }

    /// <summary>What was not picked has the gradient 0 and not 0·∞, whichever way it is computed; what was picked has its own.</summary>
    [SkippableTheory]
    [MemberData(nameof(PickingOnDevices))]
    public void What_was_not_picked_has_no_gradient(string name, string device)
    {
        var pick = Picking[name];
        var x = Tensor.From([-1f, 4f]).To(TestDevices.Require(device));
        var v = Fill(x, 1);

        // √x: 1/(2√x) = 1/4, −1/(4√x³) = −1/32, 3/(8√x⁵) = 3/256 at 4.
        Func<Tensor, Tensor> f = z => pick(z).Sqrt().Sum();
        Func<Tensor, Tensor> slope = z => Autodiff.Jvp(f, z, v).Tangent;
        var gradient = Autodiff.Grad(f);
        var twice = Autodiff.Grad(z => (gradient(z) * v).Sum());
        Func<Tensor, Tensor> hv = z => Autodiff.Hvp(f, z, v);
        var leaf = x * 1;
        leaf.RequiresGrad = true;
        f(leaf).Backward();
        Equal([0, 0.25], leaf.Grad!);
        Equal([0, 0.25], gradient(x));
        Equal([0, -0.03125], hv(x));
        Equal([0, -0.03125], twice(x));
        Equal([0, -0.03125], Autodiff.Grad(slope)(x));
        Equal([0, 0.01171875], Autodiff.Jvp(hv, x, v).Tangent);
        Equal([0, 0.01171875], Autodiff.Grad(z => (hv(z) * v).Sum())(x));
        Equal([0, 0.01171875], Autodiff.Grad(z => (twice(z) * v).Sum())(x));
        Equal([0, 0.01171875], Autodiff.Grad(z => Autodiff.Jvp(slope, z, v).Tangent)(x));

        void Equal(double[] expected, Tensor actual) => Close.Assert(expected, Close.Values(actual), 1e-6, name);
    }

    /// <summary>Forward mode meets the op from the other side: what was not picked may move with ∞.</summary>
    [SkippableTheory]
    [MemberData(nameof(PickingOnDevices))]
    public void What_was_not_picked_does_not_move_the_result(string name, string device)
    {
        var pick = Picking[name];
        var x = Tensor.From([0f, 4f]).To(TestDevices.Require(device));
        var v = Fill(x, 1);
        Func<Tensor, Tensor> f = z => pick(z.Sqrt() - 1);
        Func<Tensor, Tensor> t = z => Autodiff.Jvp(f, z, v).Tangent;
        Assert.Equal([0, 0.25], Close.Values(t(x)));
        Assert.Equal([0, -0.03125], Close.Values(Autodiff.Jvp(t, x, v).Tangent));
        Assert.Equal([0, 0.25], Close.Values(Autodiff.Vmap(z => Autodiff.Jvp(f, z, Fill(z, 1)).Tangent)(x)));
    }

    /// <summary>A NaN on the way is not masked by what was picked, nor is a NaN slope taken for 0.</summary>
    [Fact]
    public void What_was_picked_hands_on_what_comes()
    {
        Assert.Equal([double.NaN], Close.Values(Autodiff.Grad(x => Tensor.Where(x <= 0, x, 0).Sqrt().Sum())(Tensor.From([-1f]))));
        Assert.Equal([double.NaN, 0], Close.Values(Autodiff.Grad(x => x.LeakyRelu(double.NaN).Sum())(Tensor.From([-1f, 1f])) * Tensor.From([1f, 0f])));
        Assert.Equal([double.PositiveInfinity], Close.Values(Autodiff.Grad(x => Tensor.Where(x < 1, x, 0).Sqrt().Sum())(Tensor.From([0f]))));
    }

    /// <summary>The idiom for a function that is not defined everywhere: the branch not taken is kept where it is defined.</summary>
    [Fact]
    public void The_safe_gradient_idiom_is_safe()
    {
        Func<Tensor, Tensor> f = x => Tensor.Where(x > 0, Tensor.Where(x > 0, x, 1).Sqrt(), 0).Sum();
        var x = Tensor.From([-1.0, 0, 4]);
        var ones = Tensor.Ones([3], DType.Float64);
        Assert.Equal([0, 0, 0.25], Close.Values(Autodiff.Grad(f)(x)));
        Assert.Equal([0, 0, -0.03125], Close.Values(Autodiff.Hvp(f, x, ones)));
        Assert.Equal(0.25, Autodiff.Jvp(f, x, ones).Tangent.Item());
    }

    private static Tensor Fill(Tensor like, double value) => Tensor.Full(like.Shape, value, like.DType, like.Device);
}
