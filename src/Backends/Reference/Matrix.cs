namespace Gpu.Autograd.Backends;

/// <summary>A matrix in memory, with any strides: a transpose is another pair of strides.</summary>
internal readonly unsafe struct Matrix<E>(E* start, int rows, int columns, nint rowStride, nint columnStride)
    where E : unmanaged
{
    public readonly E* Start = start;
    public readonly int Rows = rows;
    public readonly int Columns = columns;
    public readonly nint RowStride = rowStride;
    public readonly nint ColumnStride = columnStride;

    /// <summary>A matrix of a batch of them.</summary>
    public static Matrix<E> Of(in Operand operand, nint batch)
    {
        var lengths = operand.Shape.Lengths;
        var strides = operand.Layout.Strides;
        return new Matrix<E>((E*)CpuBlock.StartOf(operand) + (batch * strides[0]), lengths[1], lengths[2], strides[1], strides[2]);
    }

    /// <summary>The transpose.</summary>
    public Matrix<E> Turned => new(Start, Columns, Rows, ColumnStride, RowStride);

    /// <summary>A part of the matrix.</summary>
    public Matrix<E> Part(int row, int rows, int column, int columns) =>
        new(Start + (row * RowStride) + (column * ColumnStride), rows, columns, RowStride, ColumnStride);

    /// <summary>Some rows of the matrix.</summary>
    public Matrix<E> Part(int row, int rows) => Part(row, rows, 0, Columns);
}
