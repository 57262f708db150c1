namespace Gpu.Autograd.Tests;

/// <summary>Messages are one sentence, without what .NET would add to it.</summary>
public sealed class MessageTests
{
    [Fact]
    public void NumbersOutOfRangeAreSaidInOneSentence()
    {
        var x = Tensor.Zeros([2, 3]);
        Says("Sum: there is no axis 2 in shape [2, 3] (rank 2).", () => x.Sum(axes: [2]));
        Says("Slice: 0..3 is outside of axis 0 of [2, 3] (length 2).", () => _ = x[0..3]);
        Says("Slice: 3 indices for [2, 3] (rank 2).", () => _ = x[.., .., ..]);
        Says("Partial: there is no argument 1 among 1.", () => Autodiff.Partial(v => v[0].Sum(), 1)([x]));
        Says("Dropout: 2 is no probability from 0 to 1.", () => new Nn.Dropout(2));
        Says("Linear: 0 inputs and 1 outputs: there must be at least one of each.", () => new Nn.Linear(0, 1));
        Says("Arange: the count is -1; it must not be negative.", () => Tensor.Arange(-1));
        Says("Shape: [50000, 50000] has more than 2147483647 elements.", () => Tensor.Eye(50000));
        Says("Shape: [-1, -1] has a negative length.", () => Tensor.Eye(-1));
        Says("Shape: [2147483647, 2147483647, 2147483647] has more than 2147483647 elements.",
            () => Tensor.Zeros([int.MaxValue, int.MaxValue, int.MaxValue]));
    }

    private static void Says(string message, Action action) =>
        Assert.Equal(message, Assert.ThrowsAny<ArgumentException>(action).Message);
}
