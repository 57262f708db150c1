using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Gpu.Autograd.Backends;

/// <summary>The maker's own matrix product: y = op(a)·op(b), where matrices lie by columns and op may transpose.</summary>
internal interface IBlas
{
    /// <summary>The product in float32: y is m×n, the sum over k terms; ld is what lies between a matrix's columns.</summary>
    void Gemm(
        bool transposeA, bool transposeB, int m, int n, int k, ArrayView<float> a, int lda, ArrayView<float> b, int ldb, ArrayView<float> y, int ldy);

    /// <summary>The product in float64.</summary>
    void Gemm(
        bool transposeA, bool transposeB, int m, int n, int k, ArrayView<double> a, int lda, ArrayView<double> b, int ldb, ArrayView<double> y, int ldy);
}

/// <summary>cuBLAS, which comes with the CUDA toolkit.</summary>
internal sealed class CudaBlas(CudaAccelerator accelerator, CudaStream stream) : IBlas
{
    private readonly CuBlas blas = new(accelerator) { Stream = stream };

    /// <inheritdoc/>
    public void Gemm(
        bool transposeA, bool transposeB, int m, int n, int k, ArrayView<float> a, int lda, ArrayView<float> b, int ldb, ArrayView<float> y, int ldy) =>
        blas.Gemm(Operation(transposeA), Operation(transposeB), m, n, k, 1f, a, lda, b, ldb, 0f, y, ldy);

    /// <inheritdoc/>
    public void Gemm(
        bool transposeA, bool transposeB, int m, int n, int k, ArrayView<double> a, int lda, ArrayView<double> b, int ldb, ArrayView<double> y, int ldy) =>
        blas.Gemm(Operation(transposeA), Operation(transposeB), m, n, k, 1, a, lda, b, ldb, 0, y, ldy);

    private static CuBlasOperation Operation(bool transpose) => transpose ? CuBlasOperation.Transpose : CuBlasOperation.NonTranspose;
}
