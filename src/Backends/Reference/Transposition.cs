using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Transposes blocks of matrices. As many columns as 128 bits hold, of as many rows as a register has places for, are turned at a time: rows
/// that are that many apart share a register, so that only neighbours have to be exchanged, and each store is a whole register.
/// </summary>
internal static unsafe class Transposition
{
    /// <summary>Columns that are read at a time: one cache line of float32.</summary>
    private const int Run = 16;

    /// <summary>
    /// How far ahead columns are asked for. The lines of many rows are too many for the processor to see what will be read next.
    /// </summary>
    private const int Ahead = 2 * Run;

    /// <summary>y[c·rowY + r] = x[r·rowX + c]; rowX and rowY are the distances of rows, those of y being x's columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy<E>(E* x, nint rowX, E* y, nint rowY, int rows, int columns)
        where E : unmanaged
    {
        for (int first = 0; first < columns; first += Run)
        {
            int width = Math.Min(Run, columns - first);
            int row = 0;
            Fetch(x + first + Ahead, rowX, rows);
            if (sizeof(E) == sizeof(float) && Avx.IsSupported)
            {
                for (; Avx512F.IsSupported && row + 16 <= rows; row += 16)
                {
                    Rows16((float*)(x + (row * rowX) + first), rowX, (float*)(y + (first * rowY) + row), rowY, width);
                }

                for (; row + 8 <= rows; row += 8)
                {
                    Rows8((float*)(x + (row * rowX) + first), rowX, (float*)(y + (first * rowY) + row), rowY, width);
                }

                for (; row + 4 <= rows; row += 4)
                {
                    Rows4((float*)(x + (row * rowX) + first), rowX, (float*)(y + (first * rowY) + row), rowY, width);
                }
            }
            else if (sizeof(E) == sizeof(double) && Avx.IsSupported)
            {
                for (; Avx512F.IsSupported && row + 8 <= rows; row += 8)
                {
                    Rows8((double*)(x + (row * rowX) + first), rowX, (double*)(y + (first * rowY) + row), rowY, width);
                }

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
    private static void Rows16(float* x, nint rowX, float* y, nint rowY, int columns)
    {
        int c = 0;
        for (; c + 4 <= columns; c += 4)
        {
            float* at = x + c;
            var r0 = Join(at, 4 * rowX);
            var r1 = Join(at + rowX, 4 * rowX);
            var r2 = Join(at + (2 * rowX), 4 * rowX);
            var r3 = Join(at + (3 * rowX), 4 * rowX);
            Vector512<float> low02 = Avx512F.UnpackLow(r0, r2), high02 = Avx512F.UnpackHigh(r0, r2);
            Vector512<float> low13 = Avx512F.UnpackLow(r1, r3), high13 = Avx512F.UnpackHigh(r1, r3);
            float* to = y + (c * rowY);
            Avx512F.UnpackLow(low02, low13).Store(to);
            Avx512F.UnpackHigh(low02, low13).Store(to + rowY);
            Avx512F.UnpackLow(high02, high13).Store(to + (2 * rowY));
            Avx512F.UnpackHigh(high02, high13).Store(to + (3 * rowY));
        }

        Rest(x, rowX, y, rowY, 16, c, columns);
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

        Rest(x, rowX, y, rowY, 8, c, columns);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Rows4(float* x, nint rowX, float* y, nint rowY, int columns)
    {
        int c = 0;
        for (; c + 4 <= columns; c += 4)
        {
            float* at = x + c;
            var (r0, r1) = (Vector128.Load(at), Vector128.Load(at + rowX));
            var (r2, r3) = (Vector128.Load(at + (2 * rowX)), Vector128.Load(at + (3 * rowX)));
            Vector128<float> low02 = Sse.UnpackLow(r0, r2), high02 = Sse.UnpackHigh(r0, r2);
            Vector128<float> low13 = Sse.UnpackLow(r1, r3), high13 = Sse.UnpackHigh(r1, r3);
            float* to = y + (c * rowY);
            Sse.UnpackLow(low02, low13).Store(to);
            Sse.UnpackHigh(low02, low13).Store(to + rowY);
            Sse.UnpackLow(high02, high13).Store(to + (2 * rowY));
            Sse.UnpackHigh(high02, high13).Store(to + (3 * rowY));
        }

        Rest(x, rowX, y, rowY, 4, c, columns);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Rows8(double* x, nint rowX, double* y, nint rowY, int columns)
    {
        int c = 0;
        for (; c + 2 <= columns; c += 2)
        {
            var (r0, r1) = (Join(x + c, 2 * rowX), Join(x + c + rowX, 2 * rowX));
            Avx512F.UnpackLow(r0, r1).Store(y + (c * rowY));
            Avx512F.UnpackHigh(r0, r1).Store(y + ((c + 1) * rowY));
        }

        Rest(x, rowX, y, rowY, 8, c, columns);
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

        Rest(x, rowX, y, rowY, 4, c, columns);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fetch<E>(E* x, nint rowX, int rows)
        where E : unmanaged
    {
        for (int row = 0; Sse.IsSupported && row < rows; row++)
        {
            Sse.Prefetch0(x);
            x += rowX;
        }
    }

    /// <summary>128 bits of each of four rows, in one register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<E> Join<E>(E* x, nint distance)
        where E : unmanaged => Vector512.Create(
            Vector256.Create(Vector128.Load(x), Vector128.Load(x + distance)),
            Vector256.Create(Vector128.Load(x + (2 * distance)), Vector128.Load(x + (3 * distance))));

    /// <summary>The columns that are left, one by one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Rest<E>(E* x, nint rowX, E* y, nint rowY, int rows, int c, int columns)
        where E : unmanaged
    {
        for (; c < columns; c++)
        {
            for (int r = 0; r < rows; r++)
            {
                y[(c * rowY) + r] = x[(r * rowX) + c];
            }
        }
    }
}
