using System.Globalization;
using System.Text;
using Gpu.Autograd.Autograd;

namespace Gpu.Autograd;

/// <summary>Tensors as text.</summary>
public sealed partial class Tensor
{
    /// <summary>The most elements an axis shows; of longer ones the first and last three.</summary>
    private const int ShownElements = 8;

    /// <summary>
    /// The elements in nested brackets, long axes shortened, with dtype and device where they are not float32 on the CPU. It waits for the
    /// device.
    /// </summary>
    public override string ToString()
    {
        if (IsWeak)
        {
            return Number(WeakValue);
        }

        if (Box is Batched batched)
        {
            return $"{DType.Name()} {Shape}, a batch of {batched.Level.BatchSize} under {batched.Level.Transform}";
        }

        var text = new StringBuilder();
        Append(text, Numbers(), 0, 0);
        if (DType != DType.Float32)
        {
            text.Append(' ').Append(DType.Name());
        }

        if (Device != Device.Cpu)
        {
            text.Append(" on ").Append(Device);
        }

        return text.ToString();
    }

    private string[] Numbers() => DType switch
    {
        DType.Bool => [.. Readable.ToArray<bool>().Select(value => value ? "true" : "false")],
        DType.Int32 or DType.Int64 =>
            [.. Readable.To(DType.Int64).ToArray<long>().Select(value => value.ToString(CultureInfo.InvariantCulture))],
        _ => [.. Readable.To(DType.Float64).ToArray<double>().Select(Number)],
    };

    private void Append(StringBuilder text, string[] values, int axis, int position)
    {
        if (axis == Rank)
        {
            text.Append(values[position]);
            return;
        }

        int length = Shape.Lengths[axis];
        int stride = Product(Shape.Lengths[(axis + 1)..]);
        text.Append('[');
        for (int i = 0; i < length; i++)
        {
            if (i > 0)
            {
                text.Append(axis == Rank - 1 ? ", " : ",\n" + new string(' ', axis + 1));
            }

            if (length > ShownElements && i == 3)
            {
                text.Append(axis == Rank - 1 ? "…, " : "…,\n" + new string(' ', axis + 1));
                i = length - 3;
            }

            Append(text, values, axis + 1, position + (i * stride));
        }

        text.Append(']');
    }

    private string Number(double value) =>
        DType == DType.Float32
            ? ((float)value).ToString("G7", CultureInfo.InvariantCulture)
            : value.ToString("G12", CultureInfo.InvariantCulture);
}
