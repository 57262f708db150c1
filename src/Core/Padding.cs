using System.Collections;
using System.Runtime.CompilerServices;

namespace Gpu.Autograd;

/// <summary>
/// How far the spatial axes are continued on both sides, by zeros: numbers (<c>1</c> or <c>[1, 0]</c>), none (the default,
/// <see cref="Valid"/>), or as many as leave the lengths as they are (<see cref="Same"/>).
/// </summary>
[CollectionBuilder(typeof(Padding), nameof(Create))]
public readonly struct Padding : IEnumerable<int>
{
    private readonly PerAxis numbers;
    private readonly bool isSame;

    private Padding(PerAxis numbers, bool isSame)
    {
        this.numbers = numbers;
        this.isSame = isSame;
    }

    /// <summary>No padding.</summary>
    public static Padding Valid => default;

    /// <summary>dilation·(kernel − 1) elements in all, the odd one behind, so that the lengths stay; for strides of 1.</summary>
    public static Padding Same => new(default, isSame: true);

    /// <summary>One number for both sides of all axes.</summary>
    public static implicit operator Padding(int number) => new(number, isSame: false);

    /// <summary>One number for both sides of each axis; it lets <c>[1, 0]</c> stand for them.</summary>
    public static Padding Create(ReadOnlySpan<int> numbers) => new(PerAxis.Create(numbers), isSame: false);

    /// <summary>The numbers as given, in brackets, or <c>same</c>.</summary>
    public override string ToString() => isSame ? "same" : numbers.ToString();

    /// <inheritdoc/>
    public IEnumerator<int> GetEnumerator() => numbers.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The numbers before and after each axis.</summary>
    /// <exception cref="ArgumentException">They do not fit the number of axes, or are negative; or same padding has another stride than 1.</exception>
    internal (int[] Before, int[] After) For(int[] kernel, int[] stride, int[] dilation, string op)
    {
        if (!isSame)
        {
            int[] both = numbers.For(kernel.Length, 0, least: 0, op, "padding");
            return (both, both);
        }

        if (Array.Exists(stride, step => step != 1))
        {
            throw new ArgumentException($"{op}: the padding 'same' keeps the lengths at a stride of 1 only, and the stride is {Shape.Text(stride)}.");
        }

        int[] all = [.. kernel.Zip(dilation, (size, apart) => apart * (size - 1))];
        return ([.. all.Select(n => n / 2)], [.. all.Select(n => n - (n / 2))]);
    }
}
