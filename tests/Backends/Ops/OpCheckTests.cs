using Gpu.Autograd.Autograd;
using Gpu.Autograd.Numerics;
using Gpu.Autograd.Ops;
using Xunit.Sdk;

namespace Gpu.Autograd.Tests.Ops;

/// <summary>Tests of the tester: an op that is wrong by a tenth of a per cent must fail, in each check that reads its rule.</summary>
public class OpCheckTests
{
    /// <summary>tanh with a slope that is 0.1 % too large.</summary>
    private readonly struct WrongTanh : IUnary
    {
        public T Value<T>(T x)
            where T : IReal<T> => T.Tanh(x);

        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Const(1.001) * (T.One - (y * y));
    }

    /// <summary>A product that forgets a little of its second slope.</summary>
    private readonly struct WrongMul : IBinary
    {
        public T Value<T>(T a, T b)
            where T : IReal<T> => a * b;

        public T SlopeA<T>(T a, T b, T y)
            where T : IReal<T> => b;

        public T SlopeB<T>(T a, T b, T y)
            where T : IReal<T> => T.Const(0.999) * a;
    }

    /// <summary>tanh with a slope that is right in kernels and 0.1 % too large where it is recorded as ops on tensors.</summary>
    private readonly struct SplitTanh : IUnary
    {
        public T Value<T>(T x)
            where T : IReal<T> => T.Tanh(x);

        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Const(typeof(T) == typeof(Tensor) ? 1.001 : 1) * (T.One - (y * y));
    }

    /// <summary>A value that is 0.1 % larger where it carries a tangent, with just that tangent's slope: only differences tell.</summary>
    private readonly struct BentTanh : IUnary
    {
        public T Value<T>(T x)
            where T : IReal<T> => T.Const(typeof(T) == typeof(F64) ? 1 : 1.001) * T.Tanh(x);

        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Const(1.001) * (T.One - (y * y));
    }

    private static Tensor X => new Generator(3).Uniform([5], -2, 2, DType.Float64);

    [Fact]
    public void A_wrong_slope_fails_against_differences() =>
        Assert.Throws<XunitException>(() => OpCheck.TangentIsDifference(x => x.Map<WrongTanh>(), X, "wrong"));

    [Fact]
    public void A_wrong_slope_fails_in_second_order() =>
        Assert.Throws<XunitException>(() => OpCheck.SecondOrderAgrees(x => x.Map<WrongTanh>().Exp(), X, 1e-10, "wrong"));

    [Fact]
    public void A_wrong_second_slope_fails() =>
        Assert.Throws<XunitException>(() => OpCheck.TangentIsDifference(x => Tensor.Map(default(WrongMul), x + 1, x), X, "wrong"));

    [Fact]
    public void The_right_one_passes()
    {
        OpCheck.TangentIsDifference(x => x.Tanh(), X, "tanh");
        OpCheck.SecondOrderAgrees(x => x.Tanh().Exp(), X, 1e-10, "tanh");
        OpCheck.ModesAreAdjoint(x => x.Tanh(), X, 1e-12, "tanh");
        OpCheck.TapeIsTransform(x => x.Tanh(), X, 1e-12, "tanh");
        OpCheck.FusedIsRecorded(x => x.Tanh(), X, 1e-12, "tanh");
        OpCheck.SlopeIsTheValues(new UnaryRow<Tanh>("tanh", default, x => x[0].Tanh()) { Shapes = [] });
    }

    /// <summary>An op whose first two derivatives are right, and whose third is not: one mode computes it by another formula.</summary>
    [Fact]
    public void A_wrong_third_derivative_fails()
    {
        static Tensor Inconsistent(Tensor x) =>
            x.Exp() + (x.Box is Autograd.Recorded { Inner.Box: Autograd.Recorded { Inner.Box: Autograd.Recorded } } ? x * x * x * 1e-3 : 0 * x);
        Assert.Throws<XunitException>(() => OpCheck.ThirdOrderAgrees(Inconsistent, X, 1e-10, "wrong"));
        OpCheck.ThirdOrderAgrees(x => x.Exp(), X, 1e-10, "exp");
    }

    /// <summary>Two modes that disagree are found even where neither is compared with differences.</summary>
    [Fact]
    public void Modes_that_disagree_fail()
    {
        // The value depends on the mode: under forward mode there is a factor more.
        static Tensor Inconsistent(Tensor x) => x.Box is Dual ? x * 1.001 : x * 1.0;
        Assert.Throws<XunitException>(() => OpCheck.ModesAreAdjoint(Inconsistent, X, 1e-12, "wrong"));
    }

    [Fact]
    public void A_tape_that_disagrees_with_the_transform_fails()
    {
        // On the tape an operand is in no box.
        static Tensor Inconsistent(Tensor x) => x.Box is null ? x * 1.001 : x * 1.0;
        Fails("Backward against Vjp", () => OpCheck.TapeIsTransform(Inconsistent, X, 1e-12, "wrong"));
    }

    [Fact]
    public void A_recorded_slope_that_is_not_the_fused_one_fails() =>
        Fails("fused against recorded:", () => OpCheck.FusedIsRecorded(x => x.Map<SplitTanh>(), X, 1e-12, "wrong"));

    [Fact]
    public void A_recorded_tangent_that_is_not_the_fused_one_fails()
    {
        // Forward mode alone gives one answer, forward mode within another transform another.
        static Tensor Inconsistent(Tensor x) => x.Box is Dual { Inner.Box: not null } ? x * 1.001 : x * 1.0;
        Fails("fused against recorded tangent:", () => OpCheck.FusedIsRecorded(Inconsistent, X, 1e-12, "wrong"));
    }

    [Fact]
    public void A_row_with_a_wrong_slope_fails()
    {
        var row = new UnaryRow<WrongTanh>("wrong", default, x => x[0]) { Shapes = [] };
        Fails("wrong: slope 0 against forward mode", () => OpCheck.SlopeIsTheValues(row));
    }

    [Fact]
    public void A_row_with_a_wrong_second_slope_fails()
    {
        var row = new BinaryRow<WrongMul>("wrong", default, x => x[0]) { Shapes = [] };
        Fails("wrong: slope 1 against forward mode", () => OpCheck.SlopeIsTheValues(row));
    }

    [Fact]
    public void A_row_whose_tangent_is_not_its_values_fails()
    {
        var row = new UnaryRow<BentTanh>("wrong", default, x => x[0]) { Shapes = [] };
        Fails("wrong: slope 0 against central differences", () => OpCheck.SlopeIsTheValues(row));
    }

    [Theory]
    [InlineData(1.0, 1.0 + 1e-5, true)]
    [InlineData(1.0, 1.0 + 3e-5, false)]
    [InlineData(double.NaN, double.NaN, true)]
    [InlineData(double.NaN, 0, false)]
    [InlineData(0, double.NaN, false)]
    [InlineData(double.PositiveInfinity, double.NegativeInfinity, false)]
    public void Close_tells_near_from_far(double expected, double actual, bool close)
    {
        void Compare() => Close.Assert([expected], [actual], 2e-5, "two numbers");
        if (close)
        {
            Compare();
        }
        else
        {
            Assert.Throws<XunitException>(Compare);
        }
    }

    /// <summary>The check fails, and where it is meant to.</summary>
    private static void Fails(string where, Action check) => Assert.Contains(where, Assert.Throws<XunitException>(check).Message);
}
