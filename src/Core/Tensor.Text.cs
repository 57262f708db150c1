using System.Text;
using Gpu.Autograd.Autograd;

namespace Gpu.Autograd;

/// <summary>Tensors as text.</summary>
public sealed partial class Tensor
{
    /// <summary>Of a tensor with more elements than this, long axes show their first and last three.</summary>
    private const int MostShown = 1000;

    private const int Ends = 3;

    private const int LineWidth = 75;

    /// <summary>
    /// The elements as NumPy prints them: columns aligned, at most eight digits after the point, exponents where sizes differ much, lines of
    /// 75 characters, and only the ends of long axes where there are more than 1000 elements. The dtype follows where it is not float32, and
    /// the device where it is not the CPU. It waits for the device.
    /// </summary>
    public override string ToString()
    {
        if (IsWeak)
        {
            return ElementText.Scalar(WeakValue, single: false);
        }

        if (Box is Batched batched)
        {
            return $"{DType.Name()} {Shape}, a batch of {batched.Level.BatchSize} under {batched.Level.Transform}";
        }

        var text = new StringBuilder(Elements());
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

    private string Elements()
    {
        if (Count == 0 && Rank > 0)
        {
            return "[]";
        }

        // The ends alone decide how wide the columns are, and are all that comes from the device.
        bool isShortened = Count > MostShown;
        var shown = Readable;
        for (int axis = 0; isShortened && axis < Rank; axis++)
        {
            if (Shape[axis] > 2 * Ends)
            {
                shown = Concat([shown.Piece(axis, 0, Ends), shown.Piece(axis, Shape[axis] - Ends, Ends)], axis);
            }
        }

        string[] elements = shown.Formatted();
        return Rank == 0 ? elements[0] : Nested(elements, isShortened, 0, 0, LineWidth);
    }

    private Tensor Piece(int axis, int first, int length)
    {
        int[] start = new int[Rank];
        int[] stop = Shape.ToArray();
        (start[axis], stop[axis]) = (first, first + length);
        return Slice(start, stop, Steps(Rank));
    }

    private string[] Formatted() => DType switch
    {
        DType.Bool => ElementText.Aligned([.. ToArray<bool>().Select(value => value ? "True" : "False")]),
        DType.Int32 => ElementText.Aligned([.. ToArray<int>().Select(ElementText.Integer)]),
        DType.Int64 => ElementText.Aligned([.. ToArray<long>().Select(value => ElementText.Integer(value))]),
        _ when Rank == 0 => [ElementText.Scalar(ToDoubles()[0], DType == DType.Float32)],
        _ => ElementText.Reals(ToDoubles(), DType == DType.Float32),
    };

    /// <summary>One axis in brackets; the innermost one fills lines with words, the others stack what is within.</summary>
    private string Nested(string[] elements, bool isShortened, int axis, int position, int width)
    {
        int length = Shape[axis];
        bool hasGap = isShortened && length > 2 * Ends;
        int count = hasGap ? 2 * Ends : length;
        int stride = 1;
        for (int inner = axis + 1; inner < Rank; inner++)
        {
            stride *= isShortened ? Math.Min(Shape[inner], 2 * Ends) : Shape[inner];
        }

        string indent = new(' ', axis + 1);
        bool isInnermost = axis == Rank - 1;
        var text = new StringBuilder();
        var line = new StringBuilder(indent);
        for (int i = 0; i < count; i++)
        {
            if (hasGap && i == Ends)
            {
                Add("...", isLast: false);
            }

            string word = isInnermost ? elements[position + i] : Nested(elements, isShortened, axis + 1, position + (i * stride), width - 1);
            Add(word, isLast: i == count - 1);
        }

        text.Append(line);
        return $"[{text.ToString(indent.Length, text.Length - indent.Length)}]";

        void Add(string word, bool isLast)
        {
            if (!isInnermost)
            {
                text.Append(indent).Append(word).Append(isLast ? "" : new string('\n', Rank - 1 - axis));
                line.Clear();
                return;
            }

            // A bracket must find room.
            if (line.Length > indent.Length && line.Length + word.Length > width - 1)
            {
                text.Append(line.ToString().TrimEnd()).Append('\n');
                line.Clear().Append(indent);
            }

            line.Append(word).Append(isLast ? "" : " ");
        }
    }
}
