using Gpu.Autograd.Kernels;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace Gpu.Autograd.Backends.Ilgpu.Tests;

/// <summary>
/// What is asked of a maker's matrix product, on the accelerator whose memory the host can read: the library here multiplies as BLAS says,
/// matrices by columns.
/// </summary>
public sealed class BlasTests
{
    // Odd, and just large enough for the library.
    private const int M = 131, N = 129, K = 127;

    [Theory]
    [InlineData(DType.Float32, false, false)]
    [InlineData(DType.Float32, false, true)]
    [InlineData(DType.Float32, true, false)]
    [InlineData(DType.Float64, true, true)]
    public void LargeProductsOfAnyTransposesAreTheLibrarys(DType dtype, bool turnA, bool turnC)
    {
        using var context = NewContext();
        var blas = new PlainBlas();
        var device = Device(context, _ => blas);
        Operand a = Matrices(device, dtype, 2, M, K, turnA, 1), c = Matrices(device, dtype, 2, K, N, turnC, 2);
        var y = Matrices(device, dtype, 2, M, N, false, 3);
        device.MatMul(a, c, y);
        Assert.Null(device.Remark);
        Assert.Equal(2, blas.Large);
        double[] p = Numbers(device, a), q = Numbers(device, c), z = Numbers(device, y);
        for (int b = 0; b < 2; b++)
        {
            for (int i = 0; i < M; i += 13)
            {
                for (int j = 0; j < N; j++)
                {
                    double sum = 0;
                    for (int k = 0; k < K; k++)
                    {
                        sum += p[At(a, b, i, k)] * q[At(c, b, k, j)];
                    }

                    Assert.Equal(sum, z[At(y, b, i, j)], dtype == DType.Float32 ? 1e-4 : 1e-12);
                }
            }
        }
    }

    [Fact]
    public void APreparedProductIsNotedAndMadeEachTime()
    {
        using var context = NewContext();
        var blas = new PlainBlas();
        var device = Device(context, _ => blas);
        Operand a = Matrices(device, DType.Float32, 1, M, K, false, 1), c = Matrices(device, DType.Float32, 1, K, N, false, 2);
        var y = Matrices(device, DType.Float32, 1, M, N, false, 3);
        var product = device.Prepare(b => b.MatMul(a, c, y));
        Assert.Equal(0, blas.Large);
        product();
        product();
        Assert.Equal(2, blas.Large);
    }

    [Fact]
    public void ALibraryThatMultipliesWronglyIsNotUsedAndThatIsSaid()
    {
        using var context = NewContext();
        var blas = new PlainBlas { Error = 1.001f };
        Assert.Equal(
            "fake: large products are computed by the library's own kernel, not by the maker's: its products are not those of the library's " +
            "own kernel.",
            RemarkAfterALargeProduct(Device(context, _ => blas)));
        Assert.Equal(0, blas.Large);
    }

    [Fact]
    public void ALibraryThatIsNotInstalledIsSaid()
    {
        using var context = NewContext();
        Assert.Equal(
            "fake: large products are computed by the library's own kernel, not by the maker's: no libcublas.so here.",
            RemarkAfterALargeProduct(Device(context, _ => throw new DllNotFoundException("no libcublas.so here"))));
    }

    // Only noted: the kernel would take its time on the simulated device.
    private static string? RemarkAfterALargeProduct(Backend device)
    {
        Operand a = Matrices(device, DType.Float32, 1, M, K, false, 1), c = Matrices(device, DType.Float32, 1, K, N, false, 2);
        device.Prepare(b => b.MatMul(a, c, Matrices(device, DType.Float32, 1, M, N, false, 3)));
        return device.Remark;
    }

    private static Context NewContext() =>
        Context.Create(builder => builder.CPU(new CPUDevice(SmallGroups.Most, 1, 1)).Optimize(OptimizationLevel.O2));

    private static IlgpuBackend<SmallGroups> Device(Context context, Func<AcceleratorStream, IBlas> blas) =>
        new("fake", context.Devices[0].CreateAccelerator(context), blas: blas);

    private static Operand Matrices(Backend device, DType dtype, int batch, int rows, int columns, bool turned, ulong seed)
    {
        var shape = turned ? new Shape(batch, columns, rows) : new Shape(batch, rows, columns);
        var x = new Operand(new Storage(device, (long)shape.Size * dtype.Size()), new Layout(shape), dtype);
        device.Random(Distribution.Uniform, seed, 0, x);
        return turned ? x with { Layout = x.Layout.Permuted([0, 2, 1]) } : x;
    }

    private static int At(Operand x, int b, int i, int j) =>
        (b * x.Layout.Strides[0]) + (i * x.Layout.Strides[1]) + (j * x.Layout.Strides[2]);

    private static double[] Numbers(Backend device, Operand x)
    {
        var bytes = new byte[x.Shape.Size * x.DType.Size()];
        device.Download(x.Storage, 0, bytes);
        return [.. Enumerable.Range(0, x.Shape.Size).Select(i =>
            x.DType == DType.Float32 ? BitConverter.ToSingle(bytes, 4 * i) : BitConverter.ToDouble(bytes, 8 * i))];
    }

    /// <summary>The product as BLAS defines it, in plain loops.</summary>
    internal sealed unsafe class PlainBlas : IBlas
    {
        /// <summary>The large products so far; small ones only compare the library with the kernels.</summary>
        public int Large { get; private set; }

        /// <summary>What each product is multiplied by.</summary>
        public float Error { get; init; } = 1;

        public void Gemm(
            bool transposeA, bool transposeB, int m, int n, int k, ArrayView<float> a, int lda, ArrayView<float> b, int ldb, ArrayView<float> y, int ldy)
        {
            float* p = (float*)a.LoadEffectiveAddressAsPtr(), q = (float*)b.LoadEffectiveAddressAsPtr(), z = (float*)y.LoadEffectiveAddressAsPtr();
            Gemm(m, n, k, (i, j, l) => p[transposeA ? l + (i * lda) : i + (l * lda)] * q[transposeB ? j + (l * ldb) : l + (j * ldb)],
                (i, j, sum) => z[i + (j * ldy)] = (float)sum);
        }

        public void Gemm(
            bool transposeA, bool transposeB, int m, int n, int k, ArrayView<double> a, int lda, ArrayView<double> b, int ldb, ArrayView<double> y, int ldy)
        {
            double* p = (double*)a.LoadEffectiveAddressAsPtr(), q = (double*)b.LoadEffectiveAddressAsPtr(), z = (double*)y.LoadEffectiveAddressAsPtr();
            Gemm(m, n, k, (i, j, l) => p[transposeA ? l + (i * lda) : i + (l * lda)] * q[transposeB ? j + (l * ldb) : l + (j * ldb)],
                (i, j, sum) => z[i + (j * ldy)] = sum);
        }

        private void Gemm(int m, int n, int k, Func<int, int, int, double> term, Action<int, int, double> store)
        {
            Large += (long)m * n * k > 100_000 ? 1 : 0;
            for (int i = 0; i < m; i++)
            {
                for (int j = 0; j < n; j++)
                {
                    double sum = 0;
                    for (int l = 0; l < k; l++)
                    {
                        sum += term(i, j, l);
                    }

                    store(i, j, Error * sum);
                }
            }
        }
    }
}
