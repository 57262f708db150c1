using System.Numerics;
using Gpu.Autograd.Numerics;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Contractions of few rows, which depthwise and grouped convolutions and their derivatives are: windows are read where they lie, since
/// packing them would take longer than the product.
/// </summary>
internal static class ThinContraction
{
    /// <summary>With more rows than this, packed windows are read often enough.</summary>
    private const int MostRows = 4;

    /// <summary>The part of a register that runs fill at the least.</summary>
    private const double LeastFilled = 0.35;

    /// <summary>The most terms, or columns, whose places are kept.</summary>
    private const int MostPlaces = 1 << 14;

    /// <summary>About the most elements that are sorted at a time.</summary>
    public const int MostSorted = 1 << 16;

    /// <summary>The longest step by which elements are sorted.</summary>
    private const int MostStep = 4;

    /// <summary>y[b] = a[b]·c[b] if it is such a contraction: y is dense and has three axes.</summary>
    public static bool TryRun(int batch, int summed, in Operand a, in Operand c, in Operand y, int bits, Workers workers, Finished? finished)
    {
        if (y.Shape.Lengths[1] > MostRows || y.Shape.Size == 0)
        {
            return false;
        }

        int register = bits / 8 / y.DType.Size();
        int rows = a.Shape.Rank - batch - summed, ofColumns = c.Shape.Rank - batch - summed;
        var columns = AxisGroup.Of(c.Layout, batch + summed, ofColumns);
        var (left, right) = AxisGroup.Of(a.Layout, batch + rows, c.Layout, batch, summed);
        bool isAcross = Filled(columns, register) > 0 && left.Count <= MostPlaces;
        bool isAlong = left.Stride == 1 && Filled(right, register) > 0 && columns.Count <= MostPlaces;
        if (!isAcross && !isAlong)
        {
            return false;
        }

        var plan = new Plan(
            AxisGroup.Of(a.Layout, 0, batch), AxisGroup.Of(c.Layout, 0, batch), AxisGroup.Of(a.Layout, batch, rows), left, right, columns,
            isAcross && (!isAlong || Filled(columns, register) >= Filled(right, register)));
        if (plan.Step > 1 && plan.Across.Max() > MostSorted)
        {
            return false;
        }

        switch (bits, y.DType)
        {
            case (512, DType.Float32):
                Run<Lane512<float>, float>(plan, a, c, y, workers, finished);
                break;
            case (512, _):
                Run<Lane512<double>, double>(plan, a, c, y, workers, finished);
                break;
            case (256, DType.Float32):
                Run<Lane256<float>, float>(plan, a, c, y, workers, finished);
                break;
            case (256, _):
                Run<Lane256<double>, double>(plan, a, c, y, workers, finished);
                break;
            case (_, DType.Float32):
                Run<Lane128<float>, float>(plan, a, c, y, workers, finished);
                break;
            default:
                Run<Lane128<double>, double>(plan, a, c, y, workers, finished);
                break;
        }

        return true;
    }

    private static void Run<TLane, E>(Plan plan, in Operand a, in Operand c, in Operand y, Workers workers, Finished? finished)
        where TLane : struct, ILane<TLane, E>
        where E : unmanaged, INumber<E>
    {
        if (plan.IsAcross)
        {
            new ColumnsOfFewRows<TLane, E>(plan, a, c, y, finished).Run(workers);
        }
        else
        {
            new TermsOfFewRows<TLane, E>(plan, a, c, y, finished).Run(workers);
        }
    }

    /// <summary>The part of registers that the runs of a group fill, 0 where it is too little, or where they are not read by registers.</summary>
    private static double Filled(AxisGroup group, int register)
    {
        bool isEven = group.Stride == 1 || (group.Stride is > 1 and <= MostStep && IsSorted(group));
        double filled = (double)group.Run / ((group.Run + register - 1) / register * register);
        return isEven && filled >= LeastFilled ? filled : 0;
    }

    /// <summary>Whether runs begin one behind the other, whole steps apart.</summary>
    private static bool IsSorted(AxisGroup group)
    {
        int before = 0;
        foreach (int start in group.Starts)
        {
            if (start < before || start % group.Stride != 0)
            {
                return false;
            }

            before = start;
        }

        return true;
    }

    /// <summary>The groups of axes of a contraction of few rows.</summary>
    /// <param name="BatchA">Where the matrices of a start.</param>
    /// <param name="BatchC">Where those of c start.</param>
    /// <param name="Rows">The rows of a.</param>
    /// <param name="TermsA">The terms of a.</param>
    /// <param name="TermsC">The terms of c, in the same runs.</param>
    /// <param name="Columns">The columns of c.</param>
    /// <param name="IsAcross">Whether registers hold neighbouring columns; else they hold neighbouring terms.</param>
    internal sealed record Plan(
        AxisGroup BatchA, AxisGroup BatchC, AxisGroup Rows, AxisGroup TermsA, AxisGroup TermsC, AxisGroup Columns, bool IsAcross)
    {
        /// <summary>The distance in c of the elements of a register.</summary>
        public int Step => Along.Stride;

        /// <summary>What registers go along in c.</summary>
        public AxisGroup Along => IsAcross ? Columns : TermsC;

        /// <summary>The least of what is added to the place of a register.</summary>
        public int Least => (IsAcross ? TermsC : Columns).ToArray().Min();

        /// <summary>What is added, from the least on.</summary>
        public int[] Across
        {
            get
            {
                int[] places = (IsAcross ? TermsC : Columns).ToArray();
                int least = places.Min();
                return Array.ConvertAll(places, place => place - least);
            }
        }
    }
}
