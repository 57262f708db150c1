using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Memory of which every so many elements are read, sorted so that these lie side by side: place p goes to p mod step·(line) + p / step. Steps
/// of a convolution are read so.
/// </summary>
internal static unsafe class Residues
{
    /// <summary>The elements of a line: what a class of places has of so many, and the slack of a register.</summary>
    public static int Line(int count, int step) => ((count + step - 1) / step) + 16;

    /// <summary>Where a place goes.</summary>
    public static int Sorted(int place, int step, int line) => (place % step * line) + (place / step);

    /// <summary>Sorts so many elements.</summary>
    public static void Sort<E>(E* x, int count, int step, int line, E* y)
        where E : unmanaged
    {
        int i = 0;
        if (step == 2 && sizeof(E) == sizeof(float))
        {
            i = Halve((float*)x, count, (float*)y, (float*)y + line);
        }

        for (int k = 0; k < step; k++)
        {
            E* target = y + (k * line) + (i / step);
            for (int p = i + k; p < count; p += step)
            {
                *target++ = x[p];
            }
        }
    }

    /// <summary>Even and odd places, by whole registers; gives how many are done.</summary>
    private static int Halve(float* x, int count, float* even, float* odd)
    {
        int i = 0;
        if (Avx512F.IsSupported)
        {
            var places = Vector512.Create(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            for (; i + 32 <= count; i += 32)
            {
                Vector512<float> low = Vector512.Load(x + i), high = Vector512.Load(x + i + 16);
                Avx512F.PermuteVar16x32x2(low, places, high).Store(even + (i / 2));
                Avx512F.PermuteVar16x32x2(low, places + Vector512<int>.One, high).Store(odd + (i / 2));
            }
        }

        for (; Sse.IsSupported && i + 8 <= count; i += 8)
        {
            Vector128<float> low = Vector128.Load(x + i), high = Vector128.Load(x + i + 4);
            Sse.Shuffle(low, high, 0b10_00_10_00).Store(even + (i / 2));
            Sse.Shuffle(low, high, 0b11_01_11_01).Store(odd + (i / 2));
        }

        return i;
    }
}
