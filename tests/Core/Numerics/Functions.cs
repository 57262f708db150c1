using System.Numerics;

namespace Gpu.Autograd.Tests.Numerics;

/// <summary>An elementary function on every carrier, beside what it should be: in double, and in arithmetic of many digits.</summary>
internal interface IFunction
{
    T Value<T>(T x)
        where T : IReal<T>;

    /// <summary>To a few ulp of double: near enough for float32.</summary>
    double Expected(double x);

    /// <summary>The value as m·2ⁿ.</summary>
    (BigInteger M, int N) Exact(BigInteger x);
}

internal readonly struct ExpFunction : IFunction
{
    public T Value<T>(T x)
        where T : IReal<T> => T.Exp(x);

    public double Expected(double x) => Math.Exp(x);

    public (BigInteger M, int N) Exact(BigInteger x) => Numerics.Exact.Exp(x);
}

internal readonly struct Expm1Function : IFunction
{
    public T Value<T>(T x)
        where T : IReal<T> => T.Expm1(x);

    // (u − 1)·x / log u is accurate even where u = exp x has lost most of x.
    public double Expected(double x)
    {
        double u = Math.Exp(x);
        return u == 1 ? x : Math.Abs(x) > 1 ? u - 1 : (u - 1) * (x / Math.Log(u));
    }

    public (BigInteger M, int N) Exact(BigInteger x) => (Numerics.Exact.Expm1(x), 0);
}

internal readonly struct LogFunction : IFunction
{
    public T Value<T>(T x)
        where T : IReal<T> => T.Log(x);

    public double Expected(double x) => Math.Log(x);

    public (BigInteger M, int N) Exact(BigInteger x) => (Numerics.Exact.Log(x), 0);
}

internal readonly struct Log1pFunction : IFunction
{
    public T Value<T>(T x)
        where T : IReal<T> => T.Log1p(x);

    public double Expected(double x)
    {
        double u = 1 + x;
        return u == 1 ? x : u <= 0 || double.IsInfinity(u) ? Math.Log(u) : Math.Log(u) * (x / (u - 1));
    }

    public (BigInteger M, int N) Exact(BigInteger x) => (Numerics.Exact.Log1p(x), 0);
}

internal readonly struct SinFunction : IFunction
{
    public T Value<T>(T x)
        where T : IReal<T> => T.Sin(x);

    public double Expected(double x) => Math.Sin(x);

    public (BigInteger M, int N) Exact(BigInteger x) => (Numerics.Exact.Sin(x), 0);
}

internal readonly struct CosFunction : IFunction
{
    public T Value<T>(T x)
        where T : IReal<T> => T.Cos(x);

    public double Expected(double x) => Math.Cos(x);

    public (BigInteger M, int N) Exact(BigInteger x) => (Numerics.Exact.Cos(x), 0);
}

internal readonly struct TanhFunction : IFunction
{
    public T Value<T>(T x)
        where T : IReal<T> => T.Tanh(x);

    public double Expected(double x) => Math.Tanh(x);

    public (BigInteger M, int N) Exact(BigInteger x) => (Numerics.Exact.Tanh(x), 0);
}

/// <summary>The exponential with an error of one part in 2²¹ in float32 and 2⁵⁰ in float64, which the tests must notice.</summary>
internal readonly struct WrongExpFunction : IFunction
{
    public T Value<T>(T x)
        where T : IReal<T>
    {
        // One as the machine sees it is told from float64's by whether 2⁻⁴⁰ is lost.
        T grain = T.IfLess(T.One, T.One + T.Const(1.0 / (1L << 40)), T.Const(1.0 / (1L << 50)), T.Const(1.0 / (1L << 21)));
        return T.Exp(x) * (T.One + grain);
    }

    public double Expected(double x) => Math.Exp(x);

    public (BigInteger M, int N) Exact(BigInteger x) => Numerics.Exact.Exp(x);
}
