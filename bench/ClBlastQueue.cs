using System.Runtime.InteropServices;
using System.Text;

namespace Gpu.Autograd.Bench;

/// <summary>An OpenCL queue with the three matrices of a product, which CLBlast multiplies: the few functions that this needs.</summary>
public sealed unsafe class ClBlastQueue : IDisposable
{
    /// <summary>CLBlast's library as it is installed.</summary>
    public const string Library = "libclblast.so.1";

    private const string OpenCl = "libOpenCL.so.1";
    private const ulong AllTypes = 0xFFFFFFFF;
    private const uint Name = 0x102B;
    private const ulong ReadWrite = 1;
    private const int RowMajor = 101;
    private const int NotTransposed = 111;

    private readonly nint context;
    private readonly nint[] matrices = new nint[3];
    private readonly nint queue;
    private int n;

    /// <summary>A queue on a device, counted over all platforms.</summary>
    public ClBlastQueue(int index)
    {
        nint* platforms = stackalloc nint[16];
        uint platformCount;
        Check(clGetPlatformIDs(16, platforms, &platformCount), nameof(clGetPlatformIDs));
        List<nint> devices = [];
        nint* found = stackalloc nint[16];
        for (int i = 0; i < Math.Min(platformCount, 16); i++)
        {
            uint deviceCount;
            if (clGetDeviceIDs(platforms[i], AllTypes, 16, found, &deviceCount) == 0)
            {
                devices.AddRange(new ReadOnlySpan<nint>(found, (int)Math.Min(deviceCount, 16)));
            }
        }

        nint device = devices[index];
        byte* name = stackalloc byte[256];
        nuint length;
        Check(clGetDeviceInfo(device, Name, 256, name, &length), nameof(clGetDeviceInfo));
        DeviceName = Encoding.UTF8.GetString(name, (int)length - 1);
        int error;
        context = clCreateContext(null, 1, &device, 0, 0, &error);
        Check(error, nameof(clCreateContext));
        queue = clCreateCommandQueue(context, device, 0, &error);
        Check(error, nameof(clCreateCommandQueue));
    }

    /// <summary>What the device calls itself.</summary>
    public string DeviceName { get; }

    /// <summary>Takes two square matrices.</summary>
    public void Upload(float[] a, float[] c, int n)
    {
        Release();
        this.n = n;
        nuint bytes = (nuint)(sizeof(float) * n * n);
        for (int i = 0; i < matrices.Length; i++)
        {
            int error;
            matrices[i] = clCreateBuffer(context, ReadWrite, bytes, null, &error);
            Check(error, nameof(clCreateBuffer));
        }

        fixed (float* left = a, right = c)
        {
            Check(clEnqueueWriteBuffer(queue, matrices[0], 1, 0, bytes, left, 0, null, null), nameof(clEnqueueWriteBuffer));
            Check(clEnqueueWriteBuffer(queue, matrices[1], 1, 0, bytes, right, 0, null, null), nameof(clEnqueueWriteBuffer));
        }
    }

    /// <summary>Multiplies them, and waits.</summary>
    public void Multiply()
    {
        nuint size = (nuint)n;
        nint q = queue;
        int status = CLBlastSgemm(
            RowMajor, NotTransposed, NotTransposed, size, size, size, 1, matrices[0], 0, size, matrices[1], 0, size, 0, matrices[2], 0, size, &q, null);
        Check(status, nameof(CLBlastSgemm));
        Check(clFinish(queue), nameof(clFinish));
    }

    /// <summary>The product.</summary>
    public float[] Download()
    {
        float[] y = new float[n * n];
        fixed (float* target = y)
        {
            Check(clEnqueueReadBuffer(queue, matrices[2], 1, 0, (nuint)(sizeof(float) * y.Length), target, 0, null, null), nameof(clEnqueueReadBuffer));
        }

        return y;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Release();
        clReleaseCommandQueue(queue);
        clReleaseContext(context);
    }

    private void Release()
    {
        for (int i = 0; i < matrices.Length; i++)
        {
            if (matrices[i] != 0)
            {
                clReleaseMemObject(matrices[i]);
                matrices[i] = 0;
            }
        }
    }

    private static void Check(int error, string function)
    {
        if (error != 0)
        {
            throw new InvalidOperationException($"{function} failed with {error}.");
        }
    }

    [DllImport(OpenCl)]
    private static extern int clGetPlatformIDs(uint count, nint* platforms, uint* found);

    [DllImport(OpenCl)]
    private static extern int clGetDeviceIDs(nint platform, ulong type, uint count, nint* devices, uint* found);

    [DllImport(OpenCl)]
    private static extern int clGetDeviceInfo(nint device, uint what, nuint size, void* value, nuint* length);

    [DllImport(OpenCl)]
    private static extern nint clCreateContext(nint* properties, uint count, nint* devices, nint notify, nint data, int* error);

    [DllImport(OpenCl)]
    private static extern nint clCreateCommandQueue(nint context, nint device, ulong properties, int* error);

    [DllImport(OpenCl)]
    private static extern nint clCreateBuffer(nint context, ulong flags, nuint size, void* host, int* error);

    [DllImport(OpenCl)]
    private static extern int clEnqueueWriteBuffer(
        nint queue, nint buffer, uint blocking, nuint offset, nuint size, void* source, uint events, nint* waitFor, nint* done);

    [DllImport(OpenCl)]
    private static extern int clEnqueueReadBuffer(
        nint queue, nint buffer, uint blocking, nuint offset, nuint size, void* target, uint events, nint* waitFor, nint* done);

    [DllImport(OpenCl)]
    private static extern int clFinish(nint queue);

    [DllImport(OpenCl)]
    private static extern int clReleaseMemObject(nint buffer);

    [DllImport(OpenCl)]
    private static extern int clReleaseCommandQueue(nint queue);

    [DllImport(OpenCl)]
    private static extern int clReleaseContext(nint context);

    [DllImport(Library)]
    private static extern int CLBlastSgemm(
        int layout, int transposeA, int transposeB, nuint m, nuint n, nuint k, float alpha, nint a, nuint offsetA, nuint strideA,
        nint b, nuint offsetB, nuint strideB, float beta, nint c, nuint offsetC, nuint strideC, nint* queue, nint* done);
}
