using System.Runtime.CompilerServices;
using Gpu.Autograd.Kernels;
using Gpu.Autograd.Nn;
using Gpu.Autograd.Optim;
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
        var device = Open(context, _ => blas);
        Operand a = Matrices(device, dtype, 2, M, K, turnA, 1), c = Matrices(device, dtype, 2, K, N, turnC, 2);
        var y = Matrices(device, dtype, 2, M, N, false, 3);
        device.MatMul(a, c, y);
        Assert.Equal("fake: large products are computed by the maker's library, cuBLAS.", device.Remark);
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
    public void AVeryLargeProductOfACapturedStepIsNotedAndMadeEachTime()
    {
        using var context = NewContext();
        var blas = new PlainBlas();
        var device = Open(context, _ => blas);
        device.MatMul(New(M, K), New(K, N), New(M, N));
        blas.Counts = true;
        Operand a = New(1024, 512), c = New(512, 512), y = New(1024, 512);
        var product = device.Prepare(b => b.MatMul(a, c, y));
        Assert.Equal(1, blas.Large);
        product();
        product();
        Assert.Equal(3, blas.Large);

        Operand New(int rows, int columns) =>
            new(new Storage(device, (long)rows * columns * sizeof(float)), new Layout(new Shape(1, rows, columns)), DType.Float32);
    }

    /// <summary>
    /// With the library's products a step has more launches, copies its arguments and writes its gradients; docs/gpu.md has the launches without.
    /// </summary>
    [Theory]
    [InlineData(64, 5)]
    [InlineData(128, 6)]
    public void ACapturedStepOfASmallNetIsPutTogetherAsWithoutTheLibrary(int batch, int launches)
    {
        using var context = NewContext();
        var blas = new PlainBlas();
        var backend = new CountingDevice(context.Devices[0].CreateAccelerator(context), _ => blas);
        LargeProduct(backend);
        Assert.Contains("cuBLAS", backend.Remark, StringComparison.Ordinal);
        Assert.Equal("cuBLAS", backend.LibraryOfProducts(1 << 21));
        Assert.Null(backend.LibraryOfProducts(1 << 20));
        (backend.Counts, blas.Counts) = (true, true);

        var device = new Device("counting", backend);
        var net = new Sequential(new Linear(784, 128), new Relu(), new Linear(128, 10)).To(device);
        var optimizer = new Adam(net.Parameters, 0.01);
        var step = Step.Capture((Tensor x, Tensor labels) =>
        {
            optimizer.ZeroGrad();
            var loss = net.Forward(x).CrossEntropy(labels);
            loss.Backward();
            optimizer.Step();
            return loss;
        });
        Tensor x = Tensor.Ones([batch, 784], device: device), labels = Tensor.Zeros([batch], DType.Int64, device);
        step.Run(x, labels);
        Assert.Equal(3, blas.Large);
        for (int run = 1; run < 3; run++)
        {
            step.Run(x, labels);
        }

        (backend.Launches, int eager) = (0, blas.Large);
        step.Run(x, labels);
        Assert.Equal((launches, eager), (backend.Launches, blas.Large));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(21 * 13)]
    public void ALibraryThatMultipliesWronglyIsNotUsedAndThatIsSaid(int above)
    {
        using var context = NewContext();
        var blas = new PlainBlas { Error = 1.001f, ErrorAbove = above };
        Assert.Equal(
            "fake: large products are computed by the library's own kernel, not by the maker's: its products are not those of the library's " +
            "own kernel.",
            RemarkAfterALargeProduct(Open(context, _ => blas)));
        Assert.Equal(0, blas.Large);
    }

    /// <summary>A comparison that finds no memory says nothing of the library: it is made again before that is used.</summary>
    [Fact]
    public void ALibraryThatCouldNotBeComparedIsComparedTheNextTime()
    {
        using var context = NewContext();
        var blas = new PlainBlas { Error = 1.001f, Lacking = 1 };
        var device = Open(context, _ => blas);
        Assert.Throws<OutOfMemoryException>(() => LargeProduct(device));
        Assert.EndsWith("its products are not those of the library's own kernel.", RemarkAfterALargeProduct(device));
        Assert.Equal(0, blas.Large);
    }

    [Fact]
    public void ALibraryThatIsNotInstalledIsSaid()
    {
        using var context = NewContext();
        Assert.Equal(
            "counting: large products are computed by the library's own kernel, not by the maker's: no libcublas.so here.",
            RemarkOf(context, (_, _) => throw new DllNotFoundException("no libcublas.so here")));
    }

    [Fact]
    public void ALibraryThatIsNotWantedIsLeftAlone()
    {
        using var context = NewContext();
        string? before = Environment.GetEnvironmentVariable("GPU_AUTOGRAD_CUBLAS");
        try
        {
            Environment.SetEnvironmentVariable("GPU_AUTOGRAD_CUBLAS", "0");
            Assert.Equal(
                "counting: large products are computed by the library's own kernel, not by the maker's: GPU_AUTOGRAD_CUBLAS is 0.",
                RemarkOf(context, IlgpuDevices.OpenBlas));
        }
        finally
        {
            Environment.SetEnvironmentVariable("GPU_AUTOGRAD_CUBLAS", before);
        }
    }

    // The kernel would take its time on the simulated device.
    private static string? RemarkOf(Context context, Func<Accelerator, AcceleratorStream, IBlas> open)
    {
        var accelerator = context.Devices[0].CreateAccelerator(context);
        return RemarkAfterALargeProduct(new CountingDevice(accelerator, stream => open(accelerator, stream)) { Counts = true });
    }

    private static string? RemarkAfterALargeProduct(IlgpuBackend<SmallGroups> device)
    {
        LargeProduct(device);
        return device.Remark;
    }

    private static void LargeProduct<S>(IlgpuBackend<S> device)
        where S : struct, ISizes
    {
        Operand a = Matrices(device, DType.Float32, 1, M, K, false, 1), c = Matrices(device, DType.Float32, 1, K, N, false, 2);
        device.MatMul(a, c, Matrices(device, DType.Float32, 1, M, N, false, 3));
    }

    private static Context NewContext() =>
        Context.Create(builder => builder.CPU(new CPUDevice(SmallGroups.Most, 1, 1)).Optimize(OptimizationLevel.O2));

    private static IlgpuBackend<SmallGroups> Open(Context context, Func<AcceleratorStream, IBlas> blas) =>
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

    /// <summary>A device that counts launches from some time on, and makes none.</summary>
    private sealed class CountingDevice(Accelerator accelerator, Func<AcceleratorStream, IBlas> blas)
        : IlgpuBackend<SmallGroups>("counting", accelerator, blas: blas)
    {
        internal bool Counts { get; set; }

        internal int Launches { get; set; }

        protected override void Start<K>(K kernel, int threads)
        {
            Launches++;
            if (!Counts)
            {
                base.Start(kernel, threads);
            }
        }

        protected override void StartGroups<K>(K kernel, int groups, int size)
        {
            Launches++;
            if (!Counts)
            {
                base.StartGroups(kernel, groups, size);
            }
        }

        protected override Action Ready<K>(StrongBox<K> kernel, int threads) => () => Launches++;

        protected override Action ReadyGroups<K>(StrongBox<K> kernel, int groups, int size) => () => Launches++;
    }

    /// <summary>The product as BLAS defines it, in plain loops.</summary>
    internal sealed unsafe class PlainBlas : IBlas
    {
        /// <summary>The large products so far; small ones only compare the library with the kernels.</summary>
        public int Large { get; private set; }

        /// <summary>Whether products are counted and not computed.</summary>
        public bool Counts { get; set; }

        /// <summary>What each product is multiplied by.</summary>
        public float Error { get; init; } = 1;

        /// <summary>How many calls from now on find no memory.</summary>
        public int Lacking { get; set; }

        /// <summary>Products of no more elements are right all the same.</summary>
        public int ErrorAbove { get; init; }

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
            if (Lacking-- > 0)
            {
                throw new OutOfMemoryException();
            }

            Large += (long)m * n * k > 100_000 ? 1 : 0;
            for (int i = 0; i < (Counts ? 0 : m); i++)
            {
                for (int j = 0; j < n; j++)
                {
                    double sum = 0;
                    for (int l = 0; l < k; l++)
                    {
                        sum += term(i, j, l);
                    }

                    store(i, j, m * n > ErrorAbove ? Error * sum : sum);
                }
            }
        }
    }
}
