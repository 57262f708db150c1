using System.Numerics;
using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Tests.Numerics;

/// <summary>An elementary function on every machine number, beside what it should be and where that is asked.</summary>
internal abstract class Subject
{
    public required string Name { get; init; }

    /// <summary>To a few ulp of double: near enough for float32.</summary>
    public required Func<double, double> Expected { get; init; }

    /// <summary>The value as m·2ⁿ, in arithmetic of many digits.</summary>
    public required Func<BigInteger, (BigInteger M, int N)> Exact { get; init; }

    /// <summary>Float32 is tried up to this magnitude.</summary>
    public float Limit { get; init; } = float.PositiveInfinity;

    /// <summary>Float32 is tried for positive numbers only, as float64 is where <see cref="Low"/> says so.</summary>
    public bool Positive { get; init; }

    /// <summary>The error allowed in float32, in units in the last place.</summary>
    public double Ulps32 { get; init; } = 2;

    /// <summary>The error allowed in float64, in units in the last place.</summary>
    public double Ulps64 { get; init; } = 4;

    /// <summary>Float64 is tried above this.</summary>
    public double Low { get; init; } = double.MinValue;

    /// <summary>Float64 is tried below this.</summary>
    public double High { get; init; } = double.MaxValue;

    /// <summary>Where the formula changes, or is hard.</summary>
    public double[] Hard { get; init; } = [];

    /// <summary>Arguments with the result expected to the last bit, the sign of 0 included, in both types.</summary>
    public (double X, double Y)[] Edges { get; init; } = [];

    public abstract void Scalars(float[] x, float[] y);

    public abstract void Scalars(double[] x, double[] y);

    /// <summary>By lanes of one width; a rest that fills no lane is left out.</summary>
    public abstract void Lanes<L, E>(E[] x, E[] y)
        where L : struct, ILane<L, E>
        where E : unmanaged;

    /// <summary>The slope by forward mode, as it follows from the value.</summary>
    public abstract double Slope(double x);

    public float On(float x)
    {
        float[] y = new float[1];
        Scalars([x], y);
        return y[0];
    }

    public double On(double x)
    {
        double[] y = new double[1];
        Scalars([x], y);
        return y[0];
    }

    public void Widest<E>(E[] x, E[] y)
        where E : unmanaged
    {
        if (Lane512<E>.IsAccelerated)
        {
            Lanes<Lane512<E>, E>(x, y);
        }
        else if (Lane256<E>.IsAccelerated)
        {
            Lanes<Lane256<E>, E>(x, y);
        }
        else
        {
            Lanes<Lane128<E>, E>(x, y);
        }
    }

    public override string ToString() => Name;
}

/// <summary>The function as an op, in the loops that a back end would run.</summary>
internal sealed class Subject<TOp>(TOp op = default) : Subject
    where TOp : struct, IUnary
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public override void Scalars(float[] x, float[] y)
    {
        for (int i = 0; i < x.Length; i++)
        {
            y[i] = op.Value(new F32(x[i])).Value;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public override void Scalars(double[] x, double[] y)
    {
        for (int i = 0; i < x.Length; i++)
        {
            y[i] = op.Value(new F64(x[i])).Value;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public override void Lanes<L, E>(E[] x, E[] y)
    {
        for (int i = 0; i + L.Count <= x.Length; i += L.Count)
        {
            op.Value(L.Load(ref x[i])).Store(ref y[i]);
        }
    }

    public override double Slope(double x) => op.Value(Tangent<F64>.Variable(new(x))).Slope.Value;
}
