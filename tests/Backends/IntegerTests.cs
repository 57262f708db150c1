namespace Gpu.Autograd.Tests;

/// <summary>Arithmetic, comparisons, choices and reductions of integers and truth values: exact, on every device.</summary>
public class IntegerTests
{
    private static readonly int[] A = [7, -7, 7, -7, 0, 5, int.MaxValue, int.MinValue, int.MinValue, 1];
    private static readonly int[] B = [3, 3, -3, -3, 4, 0, 1, -1, int.MaxValue, int.MinValue];

    public static TheoryData<string> Devices => [.. TestDevices.Names];

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Running_sums_and_products_are_exact(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        long big = (1L << 60) + 1;
        Assert.Equal([big, big + 1, big - 2], Tensor.From([big, 1, -3]).To(device).CumSum().ToArray<long>());
        Assert.Equal([3L, -6, -30, 0], Tensor.From([3, -2, 5, 0]).To(device).CumProd().ToArray<long>());
        Assert.Equal([27L, -8, 0], Tensor.From([3L, -2, 0]).To(device).Pow(3).ToArray<long>());
        Assert.Equal([1, 1], Tensor.From([3, 0]).To(device).Pow(0).ToArray<int>());
        Assert.Equal([5559060566555523L], Tensor.From([3L]).To(device).Pow(33).ToArray<long>());
        var truths = Tensor.From(new[,] { { true, false, true }, { true, true, true } }).To(device);
        Assert.Equal([1L, 0, 1, 2, 1, 2], truths.CumSum(0).ToArray<long>());
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Arithmetic_is_the_machines(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var (a, b) = (Tensor.From<int>(A).To(device), Tensor.From<int>(B).To(device));
        Same((x, y) => x + y, a + b);
        Same((x, y) => x - y, a - b);
        Same((x, y) => x * y, a * b);
        Same((x, y) => -x, -a);
        Same((x, y) => x < 0 ? -x : x, a.Abs());
        Same((x, y) => Math.Sign(x), a.Sign());
        Same((x, y) => x * x, a.Square());
        Same((x, y) => x * x * x, a.Cube());
        Same(Math.Max, Tensor.Maximum(a, b));
        Same(Math.Min, Tensor.Minimum(a, b));
        Same((x, y) => Math.Clamp(x, -5, 6), a.Clamp(-5, 6));
        Same((x, y) => Math.Max(x, -5), a.Clamp(min: -5));
        Same((x, y) => Math.Clamp(x, Math.Min(y, 0), Math.Max(y, 0)), a.Clamp(Tensor.Minimum(b, 0), Tensor.Maximum(b, 0)));
        Same((x, y) => x + 2, a + 2);
        Same((x, y) => 2 - x, 2 - a);
        Same((x, y) => x < y ? x : 3, Tensor.Where(a < b, a, 3));
        Same((x, y) => x * y, (a.To(DType.Int64) * b.To(DType.Int64)).To(DType.Int32));

        void Same(Func<int, int, int> expected, Tensor actual) =>
            Assert.Equal(A.Zip(B, (x, y) => unchecked(expected(x, y))), actual.ToArray<int>());
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Division_rounds_down_and_knows_no_traps(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var (a, b) = (Tensor.From<int>(A).To(device), Tensor.From<int>(B).To(device));
        int[] quotients = [2, -3, -3, 2, 0, 0, int.MaxValue, int.MinValue, -2, -1];
        int[] remainders = [1, 2, -2, -1, 0, 5, 0, 0, int.MaxValue - 1, int.MinValue + 1];
        int[] left = [1, -1, 1, -1, 0, 5, 0, 0, -1, 1];
        Assert.Equal(quotients, Tensor.FloorDivide(a, b).ToArray<int>());
        Assert.Equal(remainders, Tensor.Remainder(a, b).ToArray<int>());
        Assert.Equal(left, Tensor.Fmod(a, b).ToArray<int>());
        Assert.Equal(quotients[..7].Select(q => (long)q), Tensor.FloorDivide(a[..7].To(DType.Int64), b[..7].To(DType.Int64)).ToArray<long>());
        Assert.Equal([3, -4], Tensor.FloorDivide(Tensor.From([7, -7]).To(device), 2).ToArray<int>());
        Assert.Equal([-4.0, 3], Close.Values(Tensor.FloorDivide(Tensor.From([-7f, 7f]).To(device), 2)));
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Comparisons_see_every_digit(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        long[] a = [9007199254740993, long.MinValue, long.MaxValue, 3, long.MaxValue];
        long[] b = [9007199254740992, long.MaxValue, long.MaxValue, 4, 0];
        var (ta, tb) = (Tensor.From<long>(a).To(device), Tensor.From<long>(b).To(device));
        Assert.Equal(a.Zip(b, (x, y) => x < y), (ta < tb).ToArray<bool>());
        Assert.Equal(a.Zip(b, (x, y) => x > y), (ta > tb).ToArray<bool>());
        Assert.Equal(a.Zip(b, (x, y) => x <= y), (ta <= tb).ToArray<bool>());
        Assert.Equal(a.Zip(b, (x, y) => x >= y), (ta >= tb).ToArray<bool>());
        Assert.Equal(a.Zip(b, (x, y) => x == y), Tensor.Equal(ta, tb).ToArray<bool>());
        Assert.Equal(a.Zip(b, (x, y) => x != y), Tensor.NotEqual(ta, tb).ToArray<bool>());
        Assert.Equal(a.Zip(b, Math.Max), Tensor.Maximum(ta, tb).ToArray<long>());
        Assert.Equal(a.Zip(b, (x, y) => x < y ? x : y), Tensor.Where(ta < tb, ta, tb).ToArray<long>());
        Assert.Equal(a.Select(x => x == 3), Tensor.Equal(ta, 3).ToArray<bool>());
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Truth_values_have_their_operators(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var a = Tensor.From([false, false, true, true]).To(device);
        var b = Tensor.From([false, true, false, true]).To(device);
        Assert.Equal([false, false, false, true], (a & b).ToArray<bool>());
        Assert.Equal([false, true, true, true], (a | b).ToArray<bool>());
        Assert.Equal([false, true, true, false], (a ^ b).ToArray<bool>());
        Assert.Equal([true, true, false, false], (!a).ToArray<bool>());
        Assert.Equal([true, false, false, true], Tensor.Equal(a, b).ToArray<bool>());
        Assert.Equal([false, true, false, false], (a < b).ToArray<bool>());
        Assert.Equal([true, false, false, true], Tensor.Where(a, b, !b).ToArray<bool>());
        Assert.Equal([false, true, true, true], Tensor.Maximum(a, b).ToArray<bool>());
        Assert.Equal([2L, 1], (a.Reshape(2, 2) | Tensor.From([true, false]).To(device)).Sum(0).ToArray<long>());
        Assert.Equal(2, a.Sum().Item());
        Assert.Equal(DType.Int64, a.Sum().DType);
    }

    /// <summary>Reductions along and across, shorter and longer than a group or a piece.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Reductions_are_exact(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var random = new Random(4);
        foreach (var shape in new Shape[] { [5], [3, 70], [70, 3], [9000], [2, 5000], [40, 300] })
        {
            int[] data = [.. Enumerable.Range(0, shape.Size).Select(_ => random.Next(int.MinValue, int.MaxValue))];
            (data[0], data[^1]) = (int.MaxValue, int.MinValue);
            var x = Tensor.From<int>(data, shape).To(device);
            Assert.Equal(data.Sum(v => (long)v), (long)x.Sum().ToArray<long>()[0]);
            Assert.Equal(data.Max(), x.Amax().ToArray<int>()[0]);
            Assert.Equal(data.Min(), x.Amin().ToArray<int>()[0]);
            int n = shape[-1];
            int[][] rows = [.. data.Chunk(n)];
            int[][] columns = [.. Enumerable.Range(0, n).Select(k => rows.Select(row => row[k]).ToArray())];
            Assert.Equal(rows.Select(row => row.Sum(v => (long)v)), x.Sum(-1).ToArray<long>());
            Assert.Equal(rows.Select(row => row.Max()), x.Max(-1).ToArray<int>());
            Assert.Equal(rows.Select(row => row.Min()), x.Min(-1).ToArray<int>());
            Assert.Equal(rows.Select(row => (long)Array.IndexOf(row, row.Max())), x.ArgMax(-1).ToArray<long>());
            Assert.Equal(rows.Select(row => (long)Array.IndexOf(row, row.Min())), x.ArgMin(-1).ToArray<long>());
            if (shape.Rank == 2)
            {
                Assert.Equal(columns.Select(row => row.Sum(v => (long)v)), x.Sum(0).ToArray<long>());
                Assert.Equal(columns.Select(row => row.Max()), x.Amax(0).ToArray<int>());
                Assert.Equal(columns.Select(row => row.Min()), x.Transpose().Amin(1).ToArray<int>());
            }
        }

        var huge = Tensor.From([9007199254740993, 9007199254740993, 1]).To(device);
        Assert.Equal(18014398509481987, huge.Sum().ToArray<long>()[0]);
        Assert.Equal(24, Tensor.From([2, 3, 4]).To(device).Prod().ToArray<long>()[0]);
        Assert.Equal(0, Tensor.Zeros([0], DType.Int32).To(device).Sum().ToArray<long>()[0]);
    }

    [Fact]
    public void Integers_go_through_transforms()
    {
        var x = Tensor.From<int>([1, 2, 3, 4, 5, 6], [2, 3]);
        Assert.Equal([2, 3, 4, 5, 6, 7], Autodiff.Vmap(v => v + 1)(x).ToArray<int>());
        Assert.Equal([6L, 15], Autodiff.Vmap(v => v.Sum())(x).ToArray<long>());
        var gradient = Autodiff.Grad(v => (v * Tensor.Where((x > 2) & (x < 6), x, 0).To(DType.Float32)).Sum())(Tensor.Ones([2, 3]));
        Assert.Equal([0f, 0, 3, 4, 5, 0], gradient.ToArray<float>());
    }

    [Fact]
    public void What_is_not_defined_says_so()
    {
        var x = Tensor.From([1, 2]);
        var flags = Tensor.From([true, false]);
        Says("Exp: the elements of [2] are int32, not float32 or float64; convert with To(DType) first.", () => x.Exp());
        Says("Div: the elements of [2] are int32, not float32 or float64; convert with To(DType) first.", () => x / 2);
        Says("Add: the elements of [2] are bool, not float32, float64, int32 or int64; convert with To(DType) first.", () => flags + flags);
        Says("Add: 0.5 is no int32; convert the tensor with To(DType) first.", () => x + 0.5);
        Says("Less: 10000000000 is no int32; convert the tensor with To(DType) first.", () => x < 1e10);
        Says("Clamp: 0.5 is no int32; convert the tensor with To(DType) first.", () => x.Clamp(0.5, 2));
        Says("Where: 0.5 is no int32; convert the tensor with To(DType) first.", () => Tensor.Where(flags, x, 0.5));
        Says("Add: dtypes differ: int32 [2] and float32 [2]; convert with To(DType).", () => x + Tensor.Ones([2]));
        Says("Where: dtypes differ: int32 [2] and float32 [2]; convert with To(DType).", () => Tensor.Where(flags, x, Tensor.Ones([2])));
        Says("Clamp: dtypes differ: int32 [2] and float32 [2]; convert with To(DType).", () => x.Clamp(0, Tensor.Ones([2])));
        Says("Softmax: the elements of [2] are int32, not float32 or float64; convert with To(DType) first.", () => x.Softmax());
        Says("Remainder: 1.5 is no int32; convert the tensor with To(DType) first.", () => Tensor.Remainder(x, 1.5));
        Says("Remainder: dtypes differ: int32 [2] and int64 [2]; convert with To(DType).", () => Tensor.Remainder(x, x.To(DType.Int64)));
        Says("And: the elements of [2] are int32, not bool; compare them, or convert with To(DType.Bool).", () => x & flags);
        Says("Not: the elements of [2] are int32, not bool; compare them, or convert with To(DType.Bool).", () => !x);
        Says("Mean: the elements of [2] are int32, not float32 or float64; convert with To(DType) first.", () => x.Mean(0));
        Says("Mean: the elements of [2] are int32, not float32 or float64; convert with To(DType) first.", () => x.Mean());
        Says("ScatterAdd: the elements of [2] are bool, not float32, float64, int32 or int64; convert with To(DType) first.", () => flags.ScatterAdd(x, 3));

        static void Says(string message, Func<Tensor> f) => Assert.Equal(message, Assert.Throws<ArgumentException>(() => f()).Message);
    }

    /// <summary>A scalar counts as one element along its axis 0, or −1.</summary>
    [Fact]
    public void Scalars_reduce_along_their_axis()
    {
        var x = Tensor.Scalar(3, DType.Float64);
        Func<Tensor, Tensor>[] same =
        [
            v => v.Sum(0), v => v.Sum(-1, keepDims: true), v => v.Mean(0), v => v.Prod(-1), v => v.Max(), v => v.Max(0, keepDims: true),
            v => v.Min(), v => v.Amax(0), v => v.Amin(-1), v => v.LogSumExp(), v => v.LogSumExp(0, keepDims: true),
        ];
        foreach (var f in same)
        {
            Assert.Equal((Shape.Scalar, 3.0), (f(x).Shape, f(x).Item()));
            Assert.Equal(1, Autodiff.Grad(f)(x).Item());
        }

        Assert.Equal((1.0, 0.0), (x.Softmax().Item(), x.LogSoftmax(0).Item()));
        Assert.Equal((0.0, 0.0), (x.ArgMax().Item(), x.ArgMin(0).Item()));
        Assert.Equal(DType.Int64, x.ArgMax().DType);
        Assert.Throws<ArgumentOutOfRangeException>(() => x.Sum(1));
    }

    /// <summary>2⁵³ + 1 is the first whole number that a double has not.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Whole_numbers_keep_all_their_digits(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        foreach (long value in new[] { (1L << 53) + 1, long.MaxValue, long.MinValue + 1, 7 })
        {
            var full = Tensor.Full([2, 2], value, DType.Int64, device);
            Assert.Equal([value, value, value, value], full.ToArray<long>());
            Assert.Equal([value], Tensor.Scalar(value, DType.Int64, device).ToArray<long>());
            Assert.Equal([value, value], Tensor.FullLike(full[0], value).ToArray<long>());
            Assert.Equal((float)value, Tensor.Full([1], value, device: device).Item());
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Questions_of_real_numbers_have_answers_for_others(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        foreach (var x in new[] { Tensor.From([1, 0]), Tensor.From([long.MaxValue, -1L]), Tensor.From([true, false]) })
        {
            Assert.Equal([false, false], x.To(device).IsNaN().ToArray<bool>());
            Assert.Equal([false, false], x.To(device).IsInfinity().ToArray<bool>());
            Assert.Equal([true, true], x.To(device).IsFinite().ToArray<bool>());
        }
    }

    /// <summary>Products and sums of products are exact, and wrap as the machine does.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Matrices_of_integers(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        var random = new Random(3);
        foreach (var (m, k, n) in new[] { (2, 3, 2), (1, 5, 4), (20, 17, 23), (3, 0, 2) })
        {
            long[] a = [.. Enumerable.Range(0, 2 * m * k).Select(_ => random.NextInt64(-1L << 40, 1L << 40))];
            long[] b = [.. Enumerable.Range(0, 2 * n * k).Select(_ => random.NextInt64(-1L << 40, 1L << 40))];
            var expected = new long[2 * m * n];
            for (int i = 0; i < expected.Length; i++)
            {
                var (line, column) = Math.DivRem(i, n);
                for (int q = 0; q < k; q++)
                {
                    // The second operand is transposed.
                    expected[i] = unchecked(expected[i] + (a[(line * k) + q] * b[(((line / m * n) + column) * k) + q]));
                }
            }

            var (x, y) = (Tensor.From<long>(a, [2, m, k]).To(device), Tensor.From<long>(b, [2, n, k]).To(device));
            Assert.Equal(expected, x.MatMul(y.Transpose()).ToArray<long>());
            Assert.Equal(expected, Tensor.Einsum("bik,bjk->bij", x, y).ToArray<long>());
            var small = x.To(DType.Int32).MatMul(y.To(DType.Int32).Transpose());
            Assert.Equal(expected.Select(v => unchecked((int)v)), small.ToArray<int>());
        }

        var v = Tensor.From([1, 2, 3]).To(device);
        Assert.Equal([14], v.MatMul(v).ToArray<int>());
        Assert.Equal([1, 2, 3, 2, 4, 6, 3, 6, 9], v.Outer(v).ToArray<int>());
        Assert.Equal([6], Tensor.Einsum("i->", v).ToArray<int>());
        Assert.Equal([36], Tensor.Einsum("i,j,j->", v, v.Flip(0), Tensor.OnesLike(v)).ToArray<int>());
        Assert.Equal(
            "MatMul: the elements of [1] are bool, not float32, float64, int32 or int64; convert with To(DType) first.",
            Assert.Throws<ArgumentException>(() => Tensor.From([true]).MatMul(Tensor.From([true]))).Message);
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Integers_and_truth_values_are_moved_and_put(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        long big = (1L << 60) + 1;
        var x = Tensor.From([big, 2, 3, 4, 5, 6], [2, 3]).To(device);
        Assert.Equal([0, 0, 0, 0, big, 2, 3, 0, 4, 5, 6, 0], x.Pad([1, 0], [0, 1]).ToArray<long>());
        Assert.Equal([-1, big, 2, 3, -1, 4, 5, 6], x.Pad([0, 1], [0, 0], -1).ToArray<long>());
        Assert.Equal([true, true, false, true], Tensor.From([true, false]).To(device).Pad([1], [1], 1).ToArray<bool>());
        Assert.Equal([big, 0, 0, 4, 5, 0], x.Tril().ToArray<long>());
        Assert.Equal([0, 2, 3, 0, 0, 6], x.To(DType.Int32).Triu(1).ToArray<int>());
        Assert.Equal([big + 5], x.Trace().ToArray<long>());
        Assert.Equal([2L, 6], x.Diagonal(1).ToArray<long>());
        var causal = Tensor.Ones([3, 3], DType.Bool, device).Tril();
        Assert.Equal([true, false, false, true, true, false, true, true, true], causal.ToArray<bool>());
        Assert.Equal([false, true, true, false, false, true, false, false, false], (!causal).Triu().ToArray<bool>());
        var index = Tensor.From([1, 0, 1]).To(device);
        Assert.Equal([2, big + 3], Tensor.From([big, 2, 3]).To(device).ScatterAdd(index, 2).ToArray<long>());
        Assert.Equal([2, 4], Tensor.From([1, 2, 3]).To(device).ScatterAdd(index, 2).ToArray<int>());
        Assert.Equal([12, big + 24], Tensor.From([10, big]).To(device).ScatterAddAlong(index, Tensor.From([20L, 2, 4]).To(device)).ToArray<long>());
        Assert.Equal([2, 4], Tensor.From([10, 10]).To(device).ScatterAlong(index, Tensor.From([20, 2, 4]).To(device)).ToArray<int>());
        Assert.Equal([true, false], Tensor.From([true, true]).To(device).ScatterAlong(index, Tensor.From([true, true, false]).To(device)).ToArray<bool>());

        // Many indices are walked otherwise than few.
        var many = Tensor.Full([1000], big, DType.Int64, device).ScatterAdd(Tensor.Zeros([1000], DType.Int64, device), 1);
        Assert.Equal([unchecked(1000 * big)], many.ToArray<long>());
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void The_greatest_truth_value_is_whether_there_is_a_true_one(string deviceName)
    {
        var x = Tensor.From(new[,] { { false, false, true }, { true, true, true }, { false, false, false } }).To(TestDevices.Require(deviceName));
        Assert.Equal([true, true, false], x.Max().ToArray<bool>());
        Assert.Equal([false, true, false], x.Min().ToArray<bool>());
        Assert.Equal([2L, 0, 0], x.ArgMax().ToArray<long>());
        Assert.Equal([0L, 0, 0], x.ArgMin().ToArray<long>());
        Assert.Equal([1L, 1, 0], x.ArgMax(0).ToArray<long>());
        Assert.Equal([true, true, true], x.Amax(0).ToArray<bool>());
        Assert.Equal([false], x.Amin().ToArray<bool>());
        Assert.Equal(DType.Bool, x.Amax().DType);
    }

    /// <summary>% has the sign of the divisor, as in Python; Fmod that of the dividend, as C#'s.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void A_percent_sign_is_the_remainder(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        Assert.Equal([1, 2, -2, -1], (Tensor.From([7, -7, 7, -7]).To(device) % Tensor.From([3, 3, -3, -3]).To(device)).ToArray<int>());
        Assert.Equal([1f, 2f], (Tensor.From([7f, -7f]).To(device) % 3).ToArray<float>());
        Assert.Equal([0.0, 1], Close.Values(5 % Tensor.From([5.0, 2]).To(device)));
        Assert.Equal([1.0, 1], Close.Values(Autodiff.Grad(v => (v % 3).Sum())(Tensor.From([7.0, -7]).To(device))));
    }
}
