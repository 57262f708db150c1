using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Numerics;

/// <summary>
/// The counter-based generator Philox 4×32 with 10 rounds: four 32-bit words from a 64-bit key (the seed) and a 64-bit counter. Any
/// element of any draw can be computed alone, so that the numbers do not depend on the device or on the number of threads.
/// </summary>
/// <remarks>
/// A draw at counter c gives, from the block of words w0..w3 at counter c + j: float32 elements 4j..4j+3, float64 elements 2j and 2j+1.
/// Uniforms are the top 24 bits of a word (float32), or the top 53 bits of two (float64). Normals come from pairs of uniforms u, v by
/// Box and Muller: √(−2 log(1 − u))·cos 2πv, then the same with sin.
/// </remarks>
public static class Philox
{
    /// <summary>The number of elements that one counter gives.</summary>
    public static int PerCounter(DType dtype) => dtype == DType.Float32 ? 4 : 2;

    /// <summary>The number of counters that a draw of so many elements uses up.</summary>
    public static ulong Counters(DType dtype, int count) => (ulong)((count + (long)PerCounter(dtype) - 1) / PerCounter(dtype));

    /// <summary>The four words of a counter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PhiloxWords Block(ulong seed, ulong counter)
    {
        uint w0 = (uint)counter;
        uint w1 = (uint)(counter >> 32);
        uint w2 = 0;
        uint w3 = 0;
        uint k0 = (uint)seed;
        uint k1 = (uint)(seed >> 32);
        for (int round = 0; round < 10; round++)
        {
            // The multipliers 0xD2511F53 and 0xCD9E8D57 less 2³²: so no product leaves the range of a long. ILGPU multiplies unsigned numbers
            // as signed ones in OpenCL C, where a compiler takes it for granted that nothing overflows, and drops the highest bit.
            long p0 = (0xD2511F53L - (1L << 32)) * w0;
            long p1 = (0xCD9E8D57L - (1L << 32)) * w2;
            uint high0 = (uint)((p0 >> 32) + w0);
            uint high1 = (uint)((p1 >> 32) + w2);
            w0 = high1 ^ w1 ^ k0;
            w2 = high0 ^ w3 ^ k1;
            w1 = (uint)p1;
            w3 = (uint)p0;
            k0 += 0x9E3779B9;
            k1 += 0xBB67AE85;
        }

        return new PhiloxWords(w0, w1, w2, w3);
    }

    // Signed integers convert to a float in one step on every device; unsigned ones take a detour by float64.

    /// <summary>The uniform in [0, 1) from one word: its top 24 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Uniform(uint word) => (int)(word >> 8) * (1f / (1 << 24));

    /// <summary>The uniform in [0, 1) from two words: their top 53 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Uniform(uint high, uint low) => (long)((((ulong)high << 32) | low) >> 11) * (1.0 / (1L << 53));

    /// <summary>√(−2 log(1 − u)): the radius of a pair of normals.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Radius<T>(T u)
        where T : IReal<T> => T.Sqrt(T.Const(-2) * T.Log1p(-u));

    /// <summary>2πv: the angle of a pair of normals.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Angle<T>(T v)
        where T : IReal<T> => T.Const(2 * Math.PI) * v;
}

/// <summary>Four random words.</summary>
public readonly struct PhiloxWords(uint w0, uint w1, uint w2, uint w3)
{
    /// <summary>Word 0.</summary>
    public readonly uint W0 = w0;

    /// <summary>Word 1.</summary>
    public readonly uint W1 = w1;

    /// <summary>Word 2.</summary>
    public readonly uint W2 = w2;

    /// <summary>Word 3.</summary>
    public readonly uint W3 = w3;
}
