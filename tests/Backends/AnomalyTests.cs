using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Tests;

/// <summary>The first NaN or infinity is found, and named with the op and the line that made it.</summary>
public class AnomalyTests
{
    public static TheoryData<string> Devices => TestDevices.All;

    /// <summary>The end of "file:line 12", so many lines from where this is called.</summary>
    internal static string Line(int from = 0, string file = nameof(AnomalyTests), [CallerLineNumber] int line = 0) =>
        $"{file}.cs:line {line + from}";

    private static string Found(Action body)
    {
        using (Autodiff.DetectAnomaly())
        {
            return Assert.Throws<AnomalyException>(body).Message;
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Forward(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        string line = "";
        string message = Found(() =>
        {
            var x = Tensor.From([1f, 0f, 2f], [3, 1], device);
            line = Line(1);
            var y = x.Log();
            _ = y.Exp();
        });
        Assert.StartsWith("Log: the result float32 [3, 1] has −∞ at [1, 0], where the operand is 0; run at ", message);
        Assert.EndsWith(line + ".", message);
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Backward_names_the_line_of_the_forward_pass(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = Tensor.From<double>([4, 0], device: device);
        string line = "";
        Tensor Loss(Tensor v)
        {
            line = Line(1);
            var root = v.Sqrt();
            return (3 * root).Sum();
        }

        string expected = "Backward of Sqrt: the gradient of operand 0 float64 [2] has ∞ at [1], where the gradient of the result is 3; Sqrt was run at ";
        string byGrad = Found(() => Autodiff.Grad(Loss)(x));
        Assert.StartsWith(expected, byGrad);
        Assert.EndsWith(line + ".", byGrad);

        x.RequiresGrad = true;
        string byTape = Found(() => Loss(x).Backward());
        Assert.Equal(byGrad, byTape);

        // The pass alone is watched: what is known is the op.
        var loss = Loss(x);
        string later = Found(() => loss.Backward());
        Assert.Contains("Backward of Sqrt", later);
        Assert.Contains("have the forward pass watched too", later);
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Tangents_and_second_derivatives(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = Tensor.From<double>([4, 0], device: device);
        var t = Tensor.Ones([2], DType.Float64, device);
        string line = Line(1);
        string forward = Found(() => Autodiff.Jvp(v => v.Sqrt(), x, t));
        Assert.StartsWith("Jvp of Sqrt: the tangent float64 [2] has ∞ at [1], where the operand is 0; run at ", forward);
        Assert.EndsWith(line + ".", forward);

        // |x|^1.5 has a slope at 0, and no second one.
        Tensor F(Tensor v) => (v * v.Sqrt()).Sum();
        Assert.Contains("Sqrt", Found(() => Autodiff.Hvp(F, x, t)));
        Assert.Contains("Sqrt", Found(() => Autodiff.Grad(z => Autodiff.Grad(F)(z).Sum())(x)));
    }

    /// <summary>A mask of −∞ is no anomaly, as an operand, a number in the formula or a tensor; ∞ − ∞ is one.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_mask_passes_and_its_misuse_does_not(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var scores = Tensor.From<double>([1, 2, 3, 4, 5, 6], [2, 3], device);
        var mask = Tensor.From<double>([0, double.NegativeInfinity, 0, 0, 0, double.NegativeInfinity], [2, 3], device);
        var hidden = Tensor.From([false, true, false, false, false, true], [2, 3], device);
        using (Autodiff.DetectAnomaly())
        {
            var added = Autodiff.Grad(x => (x + mask).Softmax().Square().Sum())(scores);
            var chosen = Autodiff.Grad(x => Tensor.Where(hidden, double.NegativeInfinity, x).Softmax().Square().Sum())(scores);
            Close.Assert(added, chosen, 1e-14, "masked softmax");
            _ = scores + double.NegativeInfinity;
        }

        string message = Found(() => _ = mask - mask);
        Assert.StartsWith("Sub: the result float64 [2, 3] has NaN at [0, 1], where the operands are −∞ and −∞", message);
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void An_op_that_is_not_elementwise_names_its_operands(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var a = Tensor.Full([2, 3], 1e200, DType.Float64, device);
        string message = Found(() => _ = a.MatMul(a.Transpose()));
        Assert.StartsWith("MatMul: the result float64 [2, 2] has ∞ at [0, 0], from float64 [2, 3] and float64 [3, 2]; run at ", message);
    }

    [Fact]
    public void It_ends_with_its_scope_and_belongs_to_its_thread()
    {
        var zero = Tensor.Scalar(0);
        using (Autodiff.DetectAnomaly())
        {
            using (Autodiff.DetectAnomaly())
            {
            }

            Assert.Throws<AnomalyException>(() => zero.Log());
            var other = new Thread(() => zero.Log());
            other.Start();
            other.Join();
        }

        Assert.Equal(double.NegativeInfinity, zero.Log().Item());
        Assert.Equal(double.PositiveInfinity, Autodiff.Grad(x => x.Sqrt())(zero).Item());
    }

    /// <summary>The values under the watch are those without it.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Nothing_else_changes(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var x = new Generator(1).Normal([3, 4], dtype: DType.Float64, device: device);
        Tensor F(Tensor v) => Autodiff.Vmap(row => row.Softmax())(v).Square().Sum();
        var plain = Autodiff.Hessian(F, x);
        using (Autodiff.DetectAnomaly())
        {
            Close.Assert(plain, Autodiff.Hessian(F, x), 0, "Hessian");
        }
    }
}
