using System.Runtime.CompilerServices;
using Gpu.Autograd.Tests.Ops;

namespace Gpu.Autograd.Tests;

/// <summary>Ops that the library has never seen work on every device and in every mode.</summary>
public class UserOpTests
{
    /// <summary>softsign with a parameter: x/(s + |x|); slope s/(s + |x|)².</summary>
    public readonly struct Softsign(double s) : IUnary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Value<T>(T x)
            where T : IReal<T> => x / (T.Param(s) + T.Abs(x));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Slope<T>(T x, T y)
            where T : IReal<T>
        {
            var d = T.Param(s) + T.Abs(x);
            return T.Param(s) / (d * d);
        }
    }

    /// <summary>An op that is made of another op.</summary>
    public readonly struct TanhOfSoftsign : IUnary
    {
        public T Value<T>(T x)
            where T : IReal<T> => T.Tanh(T.Map(new Softsign(1), x));

        public T Slope<T>(T x, T y)
            where T : IReal<T> => (T.One - (y * y)) * new Softsign(1).Slope(x, T.Map(new Softsign(1), x));
    }

    /// <summary>√(a² + b²).</summary>
    public readonly struct Hypot : IBinary
    {
        public T Value<T>(T a, T b)
            where T : IReal<T> => T.Sqrt((a * a) + (b * b));

        public T SlopeA<T>(T a, T b, T y)
            where T : IReal<T> => a / y;

        public T SlopeB<T>(T a, T b, T y)
            where T : IReal<T> => b / y;
    }

    public static TheoryData<string> Devices => TestDevices.All;

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Values_and_derivatives(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        foreach (var dtype in new[] { DType.Float32, DType.Float64 })
        {
            double tolerance = dtype == DType.Float32 ? 1e-5 : 1e-12;
            double[] points = [-2, -0.5, 0.25, 3];
            var x = Tensor.From<double>(points).To(dtype).To(device);
            double[] expected = [.. points.Select(p => p / (2 + Math.Abs(p)))];
            Close.Assert(expected, Close.Values(x.Map(new Softsign(2))), tolerance, "softsign");
            double[] slopes = [.. points.Select(p => 2 / Math.Pow(2 + Math.Abs(p), 2))];
            Close.Assert(slopes, Close.Values(Autodiff.Grad(v => v.Map(new Softsign(2)).Sum())(x)), tolerance, "softsign'");
            Close.Assert([Math.Sqrt(13)], Close.Values(Tensor.Map(default(Hypot), x[..1], x[3..])), tolerance, "hypot");

            foreach (var (f, what) in new (Func<Tensor, Tensor>, string)[]
            {
                (v => v.Map(new Softsign(2)), "softsign"),
                (v => v.Map<TanhOfSoftsign>(), "tanh of softsign"),
                (v => Tensor.Map(default(Hypot), v, v + 1), "hypot"),
            })
            {
                OpCheck.ModesAreAdjoint(f, x, 10 * tolerance, what);
                OpCheck.TapeIsTransform(f, x, 10 * tolerance, what);
                OpCheck.FusedIsRecorded(f, x, 10 * tolerance, what);
                OpCheck.SecondOrderAgrees(f, x, 40 * tolerance, what);
            }
        }
    }
}
