using System.Globalization;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace Gpu.Autograd.Backends;

/// <summary>What it means for a device that its driver refuses a call.</summary>
internal enum Meaning
{
    /// <summary>This call is not made; the device goes on.</summary>
    Refused,

    /// <summary>There is no memory for it; the device goes on.</summary>
    OutOfMemory,

    /// <summary>All that was on the device is gone.</summary>
    Lost,
}

/// <summary>What a driver says that refuses a call.</summary>
/// <param name="Meaning">What it means for the device.</param>
/// <param name="Words">In the driver's words, with its code.</param>
internal readonly record struct Refusal(Meaning Meaning, string Words)
{
    // NVIDIA's documentation says of these that nothing more can be done in the context, or that there is none: a fault of a kernel or of the
    // hardware (ECC and NVLink among it), a time limit, a context that is destroyed, a driver that is shut down.
    private static readonly HashSet<int> CudaLost =
        [4, 201, 214, 220, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 810, 999];

    // OpenCL has no code for a fault of a kernel. A device that is not available, a device, context or queue that is invalid where it was valid
    // before, an event that failed (in ILGPU's list 14 for −14), and NVIDIA's −9999 come of it.
    private static readonly HashSet<int> OpenClLost = [-2, -14, 14, -33, -34, -36, -9999];

    /// <summary>What an exception says of a driver; null if it comes from elsewhere.</summary>
    /// <param name="e">What was thrown.</param>
    /// <param name="outOfResources">
    /// What OpenCL's CL_OUT_OF_RESOURCES means here: a lack of memory as a rule; where nothing but waiting was asked for it is how some
    /// drivers tell of a fault of a kernel, and of a program that is built that it is too large.
    /// </param>
    internal static Refusal? Of(Exception e, Meaning outOfResources = Meaning.OutOfMemory) => e switch
    {
        CudaException cuda when Enum.TryParse(cuda.Error, out CudaError code) =>
            new(MeaningOf(code), $"{cuda.Message} ({Cuda((int)code)})"),
        CudaException cuda => new(Meaning.Refused, cuda.Message),
        CLException openCl => new(MeaningOf(openCl.Error, outOfResources), $"{openCl.Error} ({Number((int)openCl.Error)})"),
        CuBlasException blas => new(
            blas.Error == CuBlasStatus.CUBLAS_STATUS_ALLOC_FAILED ? Meaning.OutOfMemory : Meaning.Refused, $"{blas.Error} ({Number((int)blas.Error)})"),
        GraphException { Code: { } code } graph => new(MeaningOf((CudaError)code), graph.Message),
        _ => null,
    };

    /// <summary>A code of CUDA's, with its name where that is known.</summary>
    internal static string Cuda(int code) => Enum.GetName((CudaError)code) is { } name ? $"{name}, {Number(code)}" : $"CUDA error {Number(code)}";

    private static Meaning MeaningOf(CudaError code) =>
        code == CudaError.CUDA_ERROR_OUT_OF_MEMORY ? Meaning.OutOfMemory
        : CudaLost.Contains((int)code) ? Meaning.Lost
        : Meaning.Refused;

    private static Meaning MeaningOf(CLError code, Meaning outOfResources) =>
        code is CLError.CL_MEM_OBJECT_ALLOCATION_FAILURE or CLError.CL_OUT_OF_HOST_MEMORY ? Meaning.OutOfMemory
        : code == CLError.CL_OUT_OF_RESOURCES ? outOfResources
        : OpenClLost.Contains((int)code) ? Meaning.Lost
        : Meaning.Refused;

    private static string Number(int code) => code.ToString(CultureInfo.InvariantCulture);
}
