using System.Reflection.Emit;
using Gpu.Autograd.Checking;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Tests;

/// <summary>Reverse mode transposes the tangent of a rule: where that is not linear, it says so.</summary>
public class LinearityTests
{
    public static TheoryData<string> Devices => TestDevices.All;

    public static TheoryData<string> Differentiable => [.. OpTable.Rows.Where(row => row.Order > 0).Select(row => row.Name)];

    /// <summary>Operands that ops are linear in on the samples alone: not for infinities or NaN; xlogy only if 0·log 0 were no question.</summary>
    private static HashSet<(string Op, int Operand)> OnlyOnSamples => [("nan_to_num", 0), ("nan_sum", 0), ("nan_mean", 0), ("xlogy", 0)];

    private static Tensor X => new Generator(1).Uniform([3], 0.5, 1.5, DType.Float64);

    /// <summary>Tangents that are not linear in t, and what the error says of them.</summary>
    private static Dictionary<string, (Func<Tensor, Tensor, Tensor> Tangent, string Says)> Wrong => new()
    {
        ["t·t"] = ((x, t) => t * t, "Mul"),
        ["x·t + t²"] = ((x, t) => (x * t) + t.Square(), "Square"),
        ["|t|"] = ((x, t) => t.Abs(), "Abs"),
        ["eᵗ"] = ((x, t) => x * t.Exp(), "Exp"),
        ["sin t"] = ((x, t) => t.Sin(), "Sin"),
        ["relu t"] = ((x, t) => t.Relu(), "Relu"),
        ["x/t"] = ((x, t) => x / t, "Div"),
        ["t/t·t"] = ((x, t) => t / (t + 1), "Div"),
        ["max(t, x)"] = ((x, t) => Tensor.Maximum(t, x), "Maximum"),
        ["t ⊗ t"] = ((x, t) => t.Reshape(1, 3).MatMul(t.Reshape(3, 1)).Reshape(1) * x, "MatMul"),
        ["largest t"] = ((x, t) => x * t.Max(), "reads it"),
        ["t < x"] = ((x, t) => Tensor.Map(default(Less), t, x), "Less"),
        ["⌊t⌋"] = ((x, t) => t.Floor() + t, "Floor"),
        ["slope at t"] = ((x, t) => Autodiff.Vjp(z => z.Relu(), t).Pullback(x), "Relu"),
        ["t where t < 0"] = ((x, t) => Tensor.Where(t < 0, t, 2 * t), "comparison"),
        ["detached"] = ((x, t) => t.Detach() * x, "Detach()"),
        ["muted"] = ((x, t) => x * Tensor.NoGrad(() => t * 2), "Mul reads it"),
        ["on the host"] = ((x, t) => t.Sum().Item() > 0 ? t : 2 * t, "host"),
        ["on the host, as an array"] = ((x, t) => t * t.ToArray<double>()[0], "host"),
        ["t + 1"] = ((x, t) => t + 1, "Add"),
        ["1 − t"] = ((x, t) => 1 - t, "Sub"),
        ["t + x"] = ((x, t) => (2 * t) + x, "Add"),
        ["t or x"] = ((x, t) => Tensor.Where(x < 1, t, x), "Select"),
        ["t beside x"] = ((x, t) => Tensor.Concat([t[..1], x[1..]]), "Concat"),
        ["t + 1 within Checkpoint"] = ((x, t) => Autodiff.Checkpoint(s => s + 1, t), "Checkpoint"),
    };

    /// <summary>Tangents that are linear, though it takes a look to see it.</summary>
    private static Dictionary<string, Func<Tensor, Tensor, Tensor>> Right => new()
    {
        ["t·x"] = (x, t) => t * x,
        ["masked"] = (x, t) => Tensor.Where(x < 1, t, 0),
        ["masked by zeros"] = (x, t) => Tensor.Where(x < 1, Tensor.Zeros([3], DType.Float64, x.Device), t / x),
        ["there and back"] = (x, t) => t + 1 - 1,
        ["from x + t"] = (x, t) => (x + t) - x,
        ["beside zeros"] = (x, t) => Tensor.Concat([t[..1], x[1..] * 0]),
        ["nothing"] = (x, t) => t * 0,
        ["constant"] = (x, t) => x * 0,
        ["forward mode"] = (x, t) => Autodiff.Jvp(z => z.Sin() * z.Max(), x, t).Tangent,
        ["forward mode and back"] = (x, t) => Autodiff.Hvp(z => (z.Sin() * z).Sum(), x, t),
        ["within Checkpoint"] = (x, t) => Autodiff.Checkpoint(s => s.Cos() * t, x),
        ["mapped"] = (x, t) => Autodiff.Vmap<Tensor, Tensor, Tensor>((a, b) => a.Exp() * b)(x, t),
        ["t beside x.Max()"] = (x, t) => t * x.Max().Detach() * x.Sum().Item(),
    };

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void What_is_not_linear_is_named(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = X.To(device);
        foreach (var (name, (tangent, says)) in Wrong)
        {
            var f = Autodiff.CustomJvp<Tensor, Tensor>(v => v * 1, (v, t) => (v * 1, tangent(v, t)));
            Throws(() => Autodiff.Grad(v => f(v).Sum())(x));
            Throws(() => Autodiff.Hvp(v => f(v).Square().Sum(), x, x));
            Throws(() => Autodiff.Grad(v => (Autodiff.Grad(w => f(w).Square().Sum())(v) * x).Sum())(x));
            Throws(() =>
            {
                var leaf = X.To(device);
                leaf.RequiresGrad = true;
                f(leaf).Sum().Backward();
                return leaf;
            });
            if (says != "host")
            {
                Throws(() => Autodiff.Vmap(Autodiff.Grad(v => f(v).Sum()))(x.BroadcastTo([2, 3])));
                Throws(() => Autodiff.Grad(v => Autodiff.Vmap(f)(v).Sum())(x.BroadcastTo([2, 3])));
                _ = Autodiff.Jvp(f, x, x); // Forward mode takes the tangent as it is.
            }

            void Throws(Func<Tensor> run)
            {
                var error = Record.Exception(() => run());
                Assert.True(error is InvalidOperationException, $"{name} on {deviceName}: {error?.ToString() ?? "no error"}");
                Assert.StartsWith("CustomJvp: reverse mode transposes the tangent, which must be linear in t", error!.Message);
                Assert.Contains($"{nameof(LinearityTests)}.{nameof(What_is_not_linear_is_named)}", error.Message);
                Assert.True(error.Message.Contains(says), $"{name} on {deviceName}: {error.Message}");
            }
        }
    }

    /// <summary>A lambda among top-level statements has a name of two brackets, which no code of a class can give.</summary>
    [Fact]
    public void A_rule_among_top_level_statements_is_named_by_Main()
    {
        var lambda = new DynamicMethod("<<Main>$>b__0_1", typeof((Tensor, Tensor)), [typeof(Tensor), typeof(Tensor)]);
        var code = lambda.GetILGenerator();
        code.Emit(OpCodes.Ldarg_0);
        code.Emit(OpCodes.Ldarg_1);
        code.Emit(OpCodes.Call, typeof(LinearityTests).GetMethod(nameof(Squared))!);
        code.Emit(OpCodes.Ret);
        var f = Autodiff.CustomJvp(v => v * 1, lambda.CreateDelegate<Func<Tensor, Tensor, (Tensor, Tensor)>>());
        Assert.Contains(
            "by the rule given in Main it is not",
            Assert.Throws<InvalidOperationException>(() => Autodiff.Grad(v => f(v).Sum())(X)).Message);
    }

    public static (Tensor Y, Tensor Tangent) Squared(Tensor v, Tensor t) => (v * 1, t * t);

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void What_is_linear_passes(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = X.To(device);
        var u = new Generator(2).Normal([3], dtype: DType.Float64, device: device);
        foreach (var (name, tangent) in Right)
        {
            var f = Autodiff.CustomJvp<Tensor, Tensor>(v => v * 1, (v, t) => (v * 1, tangent(v, t)));
            var (_, pullback) = Autodiff.Vjp(f, x);
            var expected = Autodiff.JacobianForward(t => tangent(x, t), Tensor.Zeros([3], DType.Float64, device)).Transpose().MatMul(u);
            Close.Assert(expected, pullback(u), 1e-14, $"{name} on {deviceName}");
        }
    }

    /// <summary>Products with arguments that have no tangent are linear; the gradients of those are not computed.</summary>
    [Fact]
    public void Arguments_that_nothing_is_asked_of()
    {
        var f = Autodiff.CustomJvp<(Tensor A, Tensor B, Tensor Rows), Tensor>(
            x => (x.A * x.B).Gather(x.Rows), (x, t) => ((x.A * x.B).Gather(x.Rows), ((t.A * x.B) + (x.A * t.B)).Gather(x.Rows)));
        var rows = Tensor.From<long>([2, 0, 2]);
        long Launches(Func<Tensor> run)
        {
            using var work = Gpu.Autograd.Autograd.Work.Count();
            run();
            return work.Launches;
        }

        var (a, b) = (X, X.Exp());
        Close.Assert(Tensor.From<double>([1, 0, 2]) * b, Autodiff.Grad(x => f((x, b, rows)).Sum())(a), 1e-14, "A");
        Close.Assert(Tensor.From<double>([1, 0, 2]) * a, Autodiff.Grad(x => f((a, x, rows)).Sum())(b), 1e-14, "B");
        long one = Launches(() => Autodiff.Grad(x => f((x, b, rows)).Sum())(a));
        long both = Launches(() => Autodiff.Grad<(Tensor A, Tensor B)>(x => f((x.A, x.B, rows)).Sum())((a, b)).A);
        Assert.True(one < both, $"{one} launches for one gradient, {both} for two");
    }

    /// <summary>What an op's record says of it is what its numbers say, for each operand of each op.</summary>
    [Theory]
    [MemberData(nameof(Differentiable))]
    public void Every_op(string name)
    {
        var row = OpTable.Rows.Single(row => row.Name == name);
        var samples = row.Shapes.Select(shapes => OpSamples.Operands(row, shapes, DType.Float64, Device.Cpu)).ToArray();
        for (int k = 0; k < samples[0].Length; k++)
        {
            var ops = samples.Where(x => k < x.Length).Select(x => (X: x[k], Op: OpSamples.Along(row.Apply, x, k))).ToArray();
            if (ops.All(sample => sample.Op(sample.X).Abs().Sum().Item() == 0))
            {
                continue; // Numbers that are all 0 tell nothing.
            }

            bool isLinear = !OnlyOnSamples.Contains((name, k)) && ops.All(sample => IsLinear(sample.Op, sample.X));
            foreach (var (x, op) in ops)
            {
                var f = Autodiff.CustomJvp<Tensor, Tensor>(op, (z, t) => (op(z), op(t)));
                var error = Record.Exception(() => Autodiff.Grad(z => f(z).Sum())(x));
                string found = $"{name}, operand {k} of {x.Shape}: {error?.ToString() ?? "no error"}";
                Assert.True(error is null || (error is InvalidOperationException && error.Message.StartsWith("CustomJvp")), found);

                // An op that is not linear may be on one sample, such as the product of a single number.
                Assert.True(isLinear ? error is null : error is not null || IsLinear(op, x), found);
            }
        }

        static bool IsLinear(Func<Tensor, Tensor> op, Tensor s)
        {
            var t = s.Square() * 0.4;
            return Equal(op(s) + op(t), op(s + t)) && Equal(op(-s), -op(s)) && Equal(op(s * 0.5), op(s) * 0.5);
        }

        static bool Equal(Tensor a, Tensor b) => (a - b).Abs().Sum().Item() <= 1e-12 * (1 + a.Abs().Sum().Item());
    }

    /// <summary>The map that Linearize gives, and Jacobian's columns, come from the gradient's record.</summary>
    [Theory]
    [MemberData(nameof(Differentiable))]
    public void Every_op_linearised(string name)
    {
        var row = OpTable.Rows.Single(row => row.Name == name);
        foreach (var shapes in row.Shapes)
        {
            var x = OpSamples.Operands(row, shapes, DType.Float64, Device.Cpu);
            for (int k = 0; k < x.Length; k++)
            {
                var op = OpSamples.Along(row.Apply, x, k);
                var t = OpSamples.Like(x[k], 40);
                Close.Assert(Autodiff.Jvp(op, x[k], t).Tangent, Autodiff.Linearize(op, x[k]).Jacobian(t), 1e-11, $"{name}, operand {k}");
            }
        }
    }

    [Fact]
    public void Linearize_needs_it_too()
    {
        var clipped = Autodiff.CustomVjp<Tensor, Tensor, Tensor>(v => v * 1, v => (v * 1, v), (r, g) => Tensor.Maximum(g, -1));
        string message = Assert.Throws<InvalidOperationException>(() => Autodiff.Linearize(clipped, X)).Message;
        Assert.StartsWith("Linearize: the gradient of the argument must be linear in the gradient g of the result", message);
        Assert.Contains("Maximum", message);

        // With more results than arguments a Jacobian goes by columns, which are those of Linearize.
        Func<Tensor, Tensor> Twice(Func<Tensor, Tensor> f) => v => Tensor.Concat([f(v), f(v)]);
        Assert.StartsWith("Jacobian:", Assert.Throws<InvalidOperationException>(() => Autodiff.Jacobian(Twice(clipped), X)).Message);
        var scaled = Autodiff.CustomVjp<Tensor, Tensor, Tensor>(v => v * 1, v => (v * 1, v), (r, g) => 2 * g);
        var eye = Tensor.Eye(3, DType.Float64);
        Close.Assert(2 * Tensor.Concat([eye, eye]), Autodiff.Jacobian(Twice(scaled), X), 0, "a rule for reverse mode only, by columns");
    }

    /// <summary>What the record does not show, the check by differences does.</summary>
    [Fact]
    public void What_a_record_hides_is_found_by_Gradcheck()
    {
        var f = Autodiff.CustomJvp<Tensor, Tensor>(
            x => x * 3, (x, t) => (x * 3, (t * 3) + Autodiff.Checkpoint(s => s * s, t)));
        Close.Assert(Tensor.Full([3], 3, DType.Float64), Autodiff.Grad(x => f(x).Sum())(X), 0, "hidden");
        var report = Gradcheck.Check(f, X);
        Assert.Contains(report.Failures, failure => failure.Mode == "linearity");
        Assert.True(Gradcheck.Check(Autodiff.CustomJvp<Tensor, Tensor>(x => x * 3, (x, t) => (x * 3, t * 3)), X).Passed);
    }
}
