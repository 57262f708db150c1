using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Transposes blocks of matrices. Four columns of as many rows as a register has places for are turned at a time: rows that are a multiple
/// of a quarter register apart share a register, so that only neighbours have to be exchanged, and each store is a whole register.
/// </summary>
internal static unsafe class Transposition
{
    /// <summary>Columns that are read at a time: one cache line of float32.</summary>
    private const int Run = 16;

    /// <summary>y[c·rowY + r] = x[r·rowX + c]; rowX and rowY are the distances of rows, those of y being x's columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy<E>(E* x, nint rowX, E* y, nint rowY, int rows, int columns)
        where E : unmanaged
    {
        for (int first = 0; first < columns; first += Run)
        {
            int width = Math.Min(Run, columns - first);
            int row = 0;
            if (sizeof(E) == sizeof(float) && Avx.IsSupported)
            {
                for (; row + 8 <= rows; row += 8)
                {
                    Rows8((float*)(x + (row * rowX) + first), rowX, (float*)(y + (first * rowY) + row), rowY, width);
                }
            }
            else if (sizeof(E) == sizeof(double) && Avx.IsSupported)
            {
                for (; row + 4 <= rows; row += 4)
                {
                    Rows4((double*)(x + (row * rowX) + first), rowX, (double*)(y + (first * rowY) + row), rowY, width);
                }
            }

            for (; row < rows; row++)
            {
                E* source = x + (row * rowX) + first;
                E* target = y + (first * rowY) + row;
                for (int c = 0; c < width; c++)
                {
                    target[c * rowY] = source[c];
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Rows8(float* x, nint rowX, float* y, nint rowY, int columns)
    {
        int c = 0;
        for (; c + 4 <= columns; c += 4)
        {
            float* at = x + c;
            var r0 = Vector256.Create(Vector128.Load(at), Vector128.Load(at + (4 * rowX)));
            var r1 = Vector256.Create(Vector128.Load(at + rowX), Vector128.Load(at + (5 * rowX)));
            var r2 = Vector256.Create(Vector128.Load(at + (2 * rowX)), Vector128.Load(at + (6 * rowX)));
            var r3 = Vector256.Create(Vector128.Load(at + (3 * rowX)), Vector128.Load(at + (7 * rowX)));
            Vector256<float> low02 = Avx.UnpackLow(r0, r2), high02 = Avx.UnpackHigh(r0, r2);
            Vector256<float> low13 = Avx.UnpackLow(r1, r3), high13 = Avx.UnpackHigh(r1, r3);
            float* to = y + (c * rowY);
            Avx.UnpackLow(low02, low13).Store(to);
            Avx.UnpackHigh(low02, low13).Store(to + rowY);
            Avx.UnpackLow(high02, high13).Store(to + (2 * rowY));
            Avx.UnpackHigh(high02, high13).Store(to + (3 * rowY));
        }

        for (; c < columns; c++)
        {
            for (int r = 0; r < 8; r++)
            {
                y[(c * rowY) + r] = x[(r * rowX) + c];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Rows4(double* x, nint rowX, double* y, nint rowY, int columns)
    {
        int c = 0;
        for (; c + 2 <= columns; c += 2)
        {
            double* at = x + c;
            var r0 = Vector256.Create(Vector128.Load(at), Vector128.Load(at + (2 * rowX)));
            var r1 = Vector256.Create(Vector128.Load(at + rowX), Vector128.Load(at + (3 * rowX)));
            Avx.UnpackLow(r0, r1).Store(y + (c * rowY));
            Avx.UnpackHigh(r0, r1).Store(y + ((c + 1) * rowY));
        }

        for (; c < columns; c++)
        {
            for (int r = 0; r < 4; r++)
            {
                y[(c * rowY) + r] = x[(r * rowX) + c];
            }
        }
    }
}
