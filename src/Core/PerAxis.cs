using System.Collections;
using System.Runtime.CompilerServices;

namespace Gpu.Autograd;

/// <summary>
/// A number for each spatial axis of a convolution or a pool: one for all, <c>2</c>, or one each, <c>[2, 1]</c>. The default stands for what
/// the op says.
/// </summary>
[CollectionBuilder(typeof(PerAxis), nameof(Create))]
public readonly struct PerAxis : IEnumerable<int>
{
    private readonly int[]? numbers;

    private PerAxis(int[] numbers) => this.numbers = numbers;

    /// <summary>One number for all axes.</summary>
    public static implicit operator PerAxis(int number) => new([number]);

    /// <summary>One number for each axis; it lets <c>[2, 1]</c> stand for them.</summary>
    public static PerAxis Create(ReadOnlySpan<int> numbers) => new(numbers.ToArray());

    /// <summary>The numbers as given, in brackets.</summary>
    public override string ToString() => Shape.Text(numbers);

    /// <inheritdoc/>
    public IEnumerator<int> GetEnumerator() => ((IEnumerable<int>)(numbers ?? [])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>A number for each of so many axes.</summary>
    /// <param name="axes">The number of axes.</param>
    /// <param name="otherwise">What the default stands for.</param>
    /// <param name="least">The least that a number may be.</param>
    /// <param name="op">The op, for messages.</param>
    /// <param name="what">What the numbers are, for messages.</param>
    /// <exception cref="ArgumentException">There are more or fewer numbers, or one is too small.</exception>
    internal int[] For(int axes, PerAxis otherwise, int least, string op, string what)
    {
        int[] given = numbers ?? otherwise.numbers ?? [];
        if (given.Length != 1 && given.Length != axes)
        {
            throw new ArgumentException($"{op}: the {what} {Shape.Text(given)} has {given.Length} numbers for {axes} spatial axes.");
        }

        if (Array.Exists(given, number => number < least))
        {
            throw new ArgumentException($"{op}: the {what} {Shape.Text(given)} has a number less than {least}.");
        }

        return given.Length == axes ? given : [.. Enumerable.Repeat(given[0], axes)];
    }
}
