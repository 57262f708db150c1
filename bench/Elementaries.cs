using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using BenchmarkDotNet.Attributes;
using Gpu.Autograd.Numerics;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Bench;

/// <summary>
/// The elementary functions on the widest lanes of this processor against those of <see cref="TensorPrimitives"/>: the time of one element of
/// an array that stays in the first cache.
/// </summary>
public class Elementaries
{
    private const int Elements = 2048;

    private readonly float[] x32 = new float[Elements];
    private readonly float[] y32 = new float[Elements];
    private readonly double[] x64 = new double[Elements];
    private readonly double[] y64 = new double[Elements];
    private Case function = null!;

    public static IEnumerable<string> Names => Cases.Select(function => function.Name);

    [ParamsSource(nameof(Names))]
    public string Function { get; set; } = "exp";

    private static Case[] Cases =>
    [
        Of<Exp>("exp", TensorPrimitives.Exp, TensorPrimitives.Exp),
        Of<Exp2>("exp2", TensorPrimitives.Exp2, TensorPrimitives.Exp2),
        Of<Expm1>("expm1", TensorPrimitives.ExpM1, TensorPrimitives.ExpM1),
        Of<Log>("log", TensorPrimitives.Log, TensorPrimitives.Log),
        Of<Log2>("log2", TensorPrimitives.Log2, TensorPrimitives.Log2),
        Of<Log10>("log10", TensorPrimitives.Log10, TensorPrimitives.Log10),
        Of<Log1p>("log1p", TensorPrimitives.LogP1, TensorPrimitives.LogP1),
        Of<Rsqrt>("rsqrt", TensorPrimitives.ReciprocalSqrt, TensorPrimitives.ReciprocalSqrt),
        Of<Cbrt>("cbrt", TensorPrimitives.Cbrt, TensorPrimitives.Cbrt),
        Of<BindB<Pow>>("pow", (x, y) => TensorPrimitives.Pow(x, 2.5f, y), (x, y) => TensorPrimitives.Pow(x, 2.5, y), new(default, 2.5)),
        Of<Sin>("sin", TensorPrimitives.Sin, TensorPrimitives.Sin),
        Of<Cos>("cos", TensorPrimitives.Cos, TensorPrimitives.Cos),
        Of<Tan>("tan", TensorPrimitives.Tan, TensorPrimitives.Tan),
        Of<Asin>("asin", TensorPrimitives.Asin, TensorPrimitives.Asin),
        Of<Acos>("acos", TensorPrimitives.Acos, TensorPrimitives.Acos),
        Of<Atan>("atan", TensorPrimitives.Atan, TensorPrimitives.Atan),
        Of<BindB<Atan2>>(
            "atan2", (x, y) => TensorPrimitives.Atan2(x, 0.7f, y), (x, y) => TensorPrimitives.Atan2(x, 0.7, y), new(default, 0.7)),
        Of<Sinh>("sinh", TensorPrimitives.Sinh, TensorPrimitives.Sinh),
        Of<Cosh>("cosh", TensorPrimitives.Cosh, TensorPrimitives.Cosh),
        Of<Tanh>("tanh", TensorPrimitives.Tanh, TensorPrimitives.Tanh),
        Of<Asinh>("asinh", TensorPrimitives.Asinh, TensorPrimitives.Asinh),
        Of<Acosh>("acosh", TensorPrimitives.Acosh, TensorPrimitives.Acosh, offset: 1),
        Of<Atanh>("atanh", TensorPrimitives.Atanh, TensorPrimitives.Atanh),
        Of<Erf>("erf", NotTheirs, NotTheirs),
        Of<Erfc>("erfc", NotTheirs, NotTheirs),
        Of<Lgamma>("lgamma", NotTheirs, NotTheirs),
        Of<Digamma>("digamma", NotTheirs, NotTheirs),
        Of<Sigmoid>("sigmoid", TensorPrimitives.Sigmoid, TensorPrimitives.Sigmoid),
    ];

    [GlobalSetup]
    public void Setup()
    {
        function = Cases.Single(each => each.Name == Function);
        for (int i = 0; i < Elements; i++)
        {
            x64[i] = function.Offset + ((i + 0.5) / Elements);
            x32[i] = (float)x64[i];
        }
    }

    [Benchmark(OperationsPerInvoke = Elements)]
    public void Float32() => function.Single(x32, y32);

    [Benchmark(OperationsPerInvoke = Elements)]
    public void Float32OfTensorPrimitives() => function.TheirSingle(x32, y32);

    [Benchmark(OperationsPerInvoke = Elements)]
    public void Float64() => function.Double(x64, y64);

    [Benchmark(OperationsPerInvoke = Elements)]
    public void Float64OfTensorPrimitives() => function.TheirDouble(x64, y64);

    private static Case Of<TOp>(string name, Loop<float> single, Loop<double> precise, TOp op = default, double offset = 0)
        where TOp : struct, IUnary =>
        new(name, (x, y) => Widest(op, x, y), (x, y) => Widest(op, x, y), single, precise, offset);

    // Their rows show no time then.
    private static void NotTheirs<E>(ReadOnlySpan<E> x, Span<E> y) => throw new NotSupportedException("TensorPrimitives has no such function.");

    private static void Widest<TOp, E>(TOp op, ReadOnlySpan<E> x, Span<E> y)
        where TOp : struct, IUnary
        where E : unmanaged
    {
        if (Lane512<E>.IsAccelerated)
        {
            Run<TOp, Lane512<E>, E>(op, x, y);
        }
        else if (Lane256<E>.IsAccelerated)
        {
            Run<TOp, Lane256<E>, E>(op, x, y);
        }
        else
        {
            Run<TOp, Lane128<E>, E>(op, x, y);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Run<TOp, L, E>(TOp op, ReadOnlySpan<E> x, Span<E> y)
        where TOp : struct, IUnary
        where L : struct, ILane<L, E>
        where E : unmanaged
    {
        for (int i = 0; i + L.Count <= x.Length; i += L.Count)
        {
            op.Value(L.Load(in x[i])).Store(ref y[i]);
        }
    }

    private delegate void Loop<E>(ReadOnlySpan<E> x, Span<E> y);

    private sealed record Case(
        string Name, Loop<float> Single, Loop<double> Double, Loop<float> TheirSingle, Loop<double> TheirDouble, double Offset);
}
