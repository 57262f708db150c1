using System.Runtime.CompilerServices;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Backends;

/// <summary>Random numbers as <see cref="Philox"/> lays them down: each element from a counter of its own.</summary>
/// <remarks>Normals are computed on the scalar carriers, with the formulas that a GPU kernel runs.</remarks>
internal static unsafe class RandomFill
{
    private const int Grain = 4 << 10;

    /// <summary>Fills y.</summary>
    public static void Run(Distribution distribution, ulong seed, ulong counter, Operand y, Workers workers)
    {
        int count = y.Shape.Size;
        byte* target = CpuBlock.StartOf(y);
        bool isNormal = distribution == Distribution.Normal;
        bool isDouble = y.DType == DType.Float64;
        nint counters = (nint)Philox.Counters(y.DType, count);
        if (workers.IsShared(counters, Grain))
        {
            Share(isNormal, isDouble, seed, counter, target, counters, count, workers);
        }
        else
        {
            Fill(isNormal, isDouble, seed, counter, target, 0, counters, count);
        }
    }

    // A method of its own: a lambda costs an allocation even where it is not reached.
    private static void Share(
        bool isNormal, bool isDouble, ulong seed, ulong counter, byte* target, nint counters, int count, Workers workers) =>
        workers.Range(counters, Grain, (from, to) => Fill(isNormal, isDouble, seed, counter, target, from, to, count));

    private static void Fill(bool isNormal, bool isDouble, ulong seed, ulong counter, byte* y, nint from, nint to, int count)
    {
        if (isDouble)
        {
            Fill64(isNormal, seed, counter, (double*)y, from, to, count);
        }
        else
        {
            Fill32(isNormal, seed, counter, (float*)y, from, to, count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Fill32(bool isNormal, ulong seed, ulong counter, float* y, nint from, nint to, nint count)
    {
        float* draw = stackalloc float[4];
        for (nint j = from; j < to; j++)
        {
            var words = Philox.Block(seed, counter + (ulong)j);
            draw[0] = Philox.Uniform(words.W0);
            draw[1] = Philox.Uniform(words.W1);
            draw[2] = Philox.Uniform(words.W2);
            draw[3] = Philox.Uniform(words.W3);
            for (int pair = 0; isNormal && pair < 4; pair += 2)
            {
                var radius = Philox.Radius(new F32(draw[pair]));
                var angle = Philox.Angle(new F32(draw[pair + 1]));
                draw[pair] = (radius * F32.Cos(angle)).Value;
                draw[pair + 1] = (radius * F32.Sin(angle)).Value;
            }

            for (nint k = 0; k < Math.Min(4, count - (4 * j)); k++)
            {
                y[(4 * j) + k] = draw[k];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Fill64(bool isNormal, ulong seed, ulong counter, double* y, nint from, nint to, nint count)
    {
        double* draw = stackalloc double[2];
        for (nint j = from; j < to; j++)
        {
            var words = Philox.Block(seed, counter + (ulong)j);
            draw[0] = Philox.Uniform(words.W0, words.W1);
            draw[1] = Philox.Uniform(words.W2, words.W3);
            if (isNormal)
            {
                var radius = Philox.Radius(new F64(draw[0]));
                var angle = Philox.Angle(new F64(draw[1]));
                draw[0] = (radius * F64.Cos(angle)).Value;
                draw[1] = (radius * F64.Sin(angle)).Value;
            }

            for (nint k = 0; k < Math.Min(2, count - (2 * j)); k++)
            {
                y[(2 * j) + k] = draw[k];
            }
        }
    }
}
