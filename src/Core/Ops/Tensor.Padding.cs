namespace Gpu.Autograd;

/// <content>Padding by what is there.</content>
public sealed partial class Tensor
{
    /// <summary>
    /// Before and after along each axis so many elements of the tensor itself, mirrored at its first and last element, which are not repeated:
    /// of [1, 2, 3] two before are [3, 2]. Any dtype.
    /// </summary>
    /// <exception cref="ArgumentException">The numbers do not fit the shape, are negative, or are not less than the axis.</exception>
    public Tensor ReflectionPad(ReadOnlySpan<int> before, ReadOnlySpan<int> after) =>
        PadBy(before, after, static (place, n) => Math.Abs(place) is var p && p < n ? p : (2 * (n - 1)) - p, most: -1, "ReflectionPad");

    /// <summary>Before and after along each axis the first and the last element, so many times. Any dtype.</summary>
    /// <exception cref="ArgumentException">The numbers do not fit the shape, are negative, or an axis has no element to repeat.</exception>
    public Tensor ReplicationPad(ReadOnlySpan<int> before, ReadOnlySpan<int> after) =>
        PadBy(before, after, static (place, n) => Math.Clamp(place, 0, n - 1), most: int.MaxValue, "ReplicationPad");

    /// <summary>Padding by the elements in other places: which, a function of the place (from −before on) and the length says.</summary>
    private Tensor PadBy(ReadOnlySpan<int> before, ReadOnlySpan<int> after, Func<int, int, int> source, int most, string op)
    {
        if (before.Length != Rank || after.Length != Rank)
        {
            throw new ArgumentException($"{op}: {Shape} needs {Rank} numbers before and after, not {before.Length} and {after.Length}.");
        }

        var y = this;
        for (int axis = 0; axis < Rank; axis++)
        {
            var (n, first, last) = (Shape.Lengths[axis], before[axis], after[axis]);
            int limit = most < 0 ? n + most : n == 0 ? 0 : most;
            if (first < 0 || last < 0 || Math.Max(first, last) > Math.Max(limit, 0))
            {
                throw new ArgumentException(
                    $"{op}: {first} before and {last} after on axis {axis} of {Shape}; there may be 0 to {Math.Max(limit, 0)}.");
            }

            if (first + last > 0)
            {
                int[] places = [.. Enumerable.Range(-first, first + n + last).Select(place => source(place, n))];
                y = y.Gather(From<int>(places, device: Device), axis);
            }
        }

        return y;
    }
}
