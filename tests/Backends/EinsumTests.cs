namespace Gpu.Autograd.Tests;

/// <summary>Einstein's sums against loops over all their indices, and what their errors say.</summary>
public class EinsumTests
{
    [Theory]
    [InlineData("ij->ji", "ij->ji", 3, 4)]
    [InlineData("ji", "ji->ij", 3, 4)]
    [InlineData("ii", "ii->", 3, 3)]
    [InlineData("ii->i", "ii->i", 4, 4)]
    [InlineData("iijj->ij", "iijj->ij", 2, 2, 3, 3)]
    [InlineData("iii->", "iii->", 3, 3, 3)]
    [InlineData("b...->...b", "bxy->xyb", 2, 3, 4)]
    [InlineData("...i->...", "xyi->xy", 2, 3, 4)]
    [InlineData("...", "xy->xy", 2, 3)]
    [InlineData(" i j -> ", "ij->", 2, 3)]
    public void Of_one_operand(string equation, string explicitly, params int[] shape) => Check(equation, explicitly, shape);

    [Theory]
    [InlineData("ik,kj", "ik,kj->ij", new[] { 3, 4 }, new[] { 4, 2 })]
    [InlineData("ki,jk->ij", "ki,jk->ij", new[] { 4, 3 }, new[] { 2, 4 })]
    [InlineData("i,j->ij", "i,j->ij", new[] { 3 }, new[] { 4 })]
    [InlineData("ij,->ji", "ij,->ji", new[] { 3, 2 }, new int[0])]
    [InlineData("bij,bjk->kib", "bij,bjk->kib", new[] { 2, 3, 4 }, new[] { 2, 4, 5 })]
    [InlineData("abcd,cbe->dae", "abcd,cbe->dae", new[] { 2, 3, 4, 5 }, new[] { 4, 3, 2 })]
    [InlineData("ij,kl->", "ij,kl->", new[] { 2, 3 }, new[] { 4, 5 })]
    [InlineData("ijj,jk->k", "ijj,jk->k", new[] { 2, 3, 3 }, new[] { 3, 4 })]
    [InlineData("...ij,...jk->...ik", "abij,bjk->abik", new[] { 2, 3, 2, 4 }, new[] { 3, 4, 2 })]
    [InlineData("i...,...j", "iab,bj->abij", new[] { 2, 3, 4 }, new[] { 4, 5 })]
    public void Of_two_operands(string equation, string explicitly, int[] a, int[] b) => Check(equation, explicitly, a, b);

    [Theory]
    [InlineData("ij,jk,kl->il", new[] { 2, 3 }, new[] { 3, 4 }, new[] { 4, 2 })]
    [InlineData("i,ij,j->", new[] { 2 }, new[] { 2, 3 }, new[] { 3 })]
    [InlineData("ij,ij,ij->j", new[] { 2, 3 }, new[] { 2, 3 }, new[] { 2, 3 })]
    [InlineData("a,b,c->cba", new[] { 2 }, new[] { 3 }, new[] { 4 })]
    public void Of_three_operands(string equation, int[] a, int[] b, int[] c) => Check(equation, equation, a, b, c);

    /// <summary>An axis of length 1 stretches, within an ellipsis and under one subscript.</summary>
    [Fact]
    public void Axes_of_length_1_broadcast()
    {
        var (a, b) = (Random(1, [2, 1, 3]), Random(2, [4, 3]));
        Close.Assert((a * b).Sum(-1), Tensor.Einsum("...i,...i->...", a, b), 1e-14, "...i");
        Close.Assert((Random(3, [1]) * b).Sum(0), Tensor.Einsum("i,ij->j", Random(3, [1]), b), 1e-14, "i");
    }

    [Fact]
    public void Empty_axes_sum_to_zero() =>
        Assert.Equal(new double[6], Close.Values(Tensor.Einsum("ij,jk->ik", Tensor.Zeros([2, 0]), Tensor.Zeros([0, 3]))));

    [Fact]
    public void Errors_name_the_subscript()
    {
        var (a, b) = (Random(1, [3, 4]), Random(2, [5, 2]));
        Says("Einsum: the subscript 'j' of \"ij,jk->ik\" is 5 in operand 1, [5, 2], and 4 before.", "ij,jk->ik", a, b);
        Says("Einsum: the subscript 'i' of \"ii->i\" is 4 in operand 0, [3, 4], and 3 before.", "ii->i", a);
        Says("Einsum: \"ijk\" of \"ijk->i\" names 3 axes, operand 0 is [3, 4].", "ijk->i", a);
        Says("Einsum: \"ijk...\" of \"ijk...->i\" names 3 axes beside the ellipsis, operand 0 is [3, 4].", "ijk...->i", a);
        Says("Einsum: \"ij,jk->ik\" is for 2 operands, not 1.", "ij,jk->ik", a);
        Says("Einsum: \"ij->ik\" has the subscript 'k' in the result, but in no operand.", "ij->ik", a);
        Says("Einsum: \"ij->ii\" has the subscript 'i' twice in the result.", "ij->ii", a);
        Says("Einsum: \"i1->i\": '1' is no subscript; these are letters, and one ellipsis (...) for axes without a name.", "i1->i", a);
    }

    private static void Says(string message, string equation, params Tensor[] operands) =>
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => Tensor.Einsum(equation, operands)).Message);

    private static Tensor Random(ulong seed, Shape shape) => new Generator(seed).Normal(shape, dtype: DType.Float64);

    /// <summary>Every place of every index of an equation without an ellipsis.</summary>
    private static void Check(string equation, string explicitly, params int[][] shapes)
    {
        string[] sides = explicitly.Split("->");
        string[] inputs = sides[0].Split(',');
        string names = string.Concat(string.Concat(inputs).Distinct());
        Tensor[] x = [.. shapes.Select((shape, k) => Random((ulong)k, new Shape(shape)))];
        int[] lengths =
            [.. names.Select(name => Enumerable.Range(0, x.Length).First(k => inputs[k].Contains(name)) is var k ? x[k].Shape[inputs[k].IndexOf(name)] : 0)];
        double[][] data = [.. x.Select(t => t.ToArray<double>())];
        var result = new Shape([.. sides[1].Select(name => lengths[names.IndexOf(name)])]);
        var expected = new double[result.Size];
        var places = new Shape(lengths);
        for (int i = 0; i < places.Size; i++)
        {
            int[] at = places.Position(i);
            double product = 1;
            for (int k = 0; k < x.Length; k++)
            {
                product *= data[k][Number(x[k].Shape, inputs[k].Select(name => at[names.IndexOf(name)]))];
            }

            expected[Number(result, sides[1].Select(name => at[names.IndexOf(name)]))] += product;
        }

        var y = Tensor.Einsum(equation, x);
        Assert.Equal(result, y.Shape);
        Close.Assert(expected, Close.Values(y), 1e-13, equation);
    }

    private static int Number(Shape shape, IEnumerable<int> place) => place.Zip(shape).Aggregate(0, (number, at) => (number * at.Second) + at.First);
}
