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
    }

    /// <summary>Two modes that disagree are found even where neither is compared with differences.</summary>
    [Fact]
    public void Modes_that_disagree_fail()
    {
        // The value depends on the mode: under forward mode there is a factor more.
        static Tensor Inconsistent(Tensor x) => x.Box is Autograd.Dual ? x * 1.001 : x * 1.0;
        Assert.Throws<XunitException>(() => OpCheck.ModesAreAdjoint(Inconsistent, X, 1e-12, "wrong"));
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
}
