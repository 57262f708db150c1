using System.Reflection;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Tests.Numerics;

/// <summary>The number among the fields of an op is the double that it was made of, however it is read.</summary>
public sealed class NumberTests
{
    private static readonly double[] Edges =
    [
        0, -0.0, double.Epsilon, -double.Epsilon, 2.2250738585072014e-308, 1e-310, 1e-45, 7e-46, 1e-38, 0.1, 0.5, 0.99999999999999989, 1,
        16777217, 2147483646, 2147483646.5, 2147483647, 2147483647.5, 2147483648, 2147483648.5, 2147483649, 4294967295, 4294967296.75,
        1L << 52, (1L << 52) + 0.5, 1L << 53, (1L << 53) + 2, 1L << 62, 9223372036854774784, 9223372036854775808, 1e19, 1e300,
        3.4028234663852886e38, 3.4028235677973366e38, double.MaxValue, double.PositiveInfinity, double.NaN,
        BitConverter.Int64BitsToDouble(0x7FF0000000000001), BitConverter.Int64BitsToDouble(-1),
    ];

    private static IEnumerable<double> Samples
    {
        get
        {
            var random = new Random(1);
            var bits = Enumerable.Range(0, 20_000).Select(_ => BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue)));

            // Most of all doubles are far from any integer: these are between 2⁰ and 2⁶⁵.
            var sizes = Enumerable.Range(0, 20_000).Select(_ => double.ScaleB(1 + random.NextDouble(), random.Next(66)));
            return Edges.Concat(bits).Concat(sizes).SelectMany(x => new[] { x, -x });
        }
    }

    [Fact]
    public void EveryBitOfADoubleIsKept() => Assert.All(Samples, x =>
    {
        Assert.Equal(BitConverter.DoubleToInt64Bits(x), BitConverter.DoubleToInt64Bits(((Number)x).Float64));
        Assert.Equal(BitConverter.DoubleToInt64Bits(x), BitConverter.DoubleToInt64Bits(F64.Param(x).Value));
        Assert.Equal((float)x, F32.Param(x).Value);
        Assert.Equal((float)x, Lane128<float>.Param(x).Value[3]);
        Assert.Equal(x, Lane256<double>.Param(x).Value[3]);
    });

    /// <summary>Integers are read as literals are.</summary>
    [Fact]
    public void IntegersTruncateAndEndWithTheirRange() => Assert.All(Samples, x =>
    {
        Assert.Equal(double.IsNaN(x) ? 0 : I32.Const(x).Value, I32.Param(x).Value);
        Assert.Equal(double.IsNaN(x) ? 0 : I64.Const(x).Value, I64.Param(x).Value);
        Assert.Equal(B8.Const(x).Value, B8.Param(x).Value);
    });

    [Fact]
    public void WhatIsNotSetIsZero()
    {
        Assert.Equal(0, default(Number).Float64);
        Assert.Equal(0, I64.Param(default).Value);
    }

    /// <summary>A field of another type would make a kernel of float32 compute with float64.</summary>
    [Fact]
    public void TheNumbersOfAllOpsAreNumbers()
    {
        var ops = typeof(IMap1).Assembly.GetTypes().Where(type => type.IsValueType && type.GetInterfaces().Any(kind => Kinds.Contains(kind))).ToArray();
        var fields = ops.SelectMany(op => op.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)).ToArray();

        Assert.Contains(fields, field => field.FieldType == typeof(Number));
        Assert.DoesNotContain(fields, field => field.FieldType == typeof(double) || field.FieldType == typeof(float));
    }

    private static readonly Type[] Kinds = [typeof(IMap1), typeof(IMap2), typeof(IMap3), typeof(IMap4), typeof(IUpdate)];
}
