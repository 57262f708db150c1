namespace Gpu.Autograd.Autograd;

/// <summary>
/// Several results in one tensor, for a primitive has one: a row of it is a column of the first and what goes with it. The parts are views,
/// and a derivative of parts is the same rows of derivatives.
/// </summary>
internal static class Packed
{
    /// <summary>So many rows, of such a width, for each matrix of B…×M×N.</summary>
    public static Tensor Launch(Tensor x, int rows, int width, Action<Backend, Operand, Operand> call)
    {
        var y = Tensor.Empty([.. x.Shape.Lengths[..^2], rows, width], x.DType, x.Device);
        if (y.Count > 0)
        {
            Autograd.Launch.Into(y.View(new Layout(MatrixProduct.Flat(y).Shape)), call, MatrixProduct.Flat(x));
        }

        return y;
    }

    /// <summary>Vectors, which are columns, and their values; between them further vectors.</summary>
    public static Tensor Rows(Tensor vectors, Tensor values, Tensor? further = null) => further is null
        ? Tensor.Concat([vectors.Transpose(), values.Unsqueeze(-1)], -1)
        : Tensor.Concat([vectors.Transpose(), further.Transpose(), values.Unsqueeze(-1)], -1);
}
