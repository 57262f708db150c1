using System.Reflection;
using Gpu.Autograd.Kernels;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace Gpu.Autograd.Backends.Ilgpu.Tests;

/// <summary>
/// What a driver refuses, and what becomes of a device that is lost. The refusals are made up, where a call begins: so they come on any device.
/// </summary>
public sealed class LostDeviceTests
{
    internal static readonly Exception LaunchFailed = Cuda(CudaError.CUDA_ERROR_LAUNCH_FAILED, "unspecified launch failure");

    static LostDeviceTests() => Environment.SetEnvironmentVariable("GPU_AUTOGRAD_OPENCL_ANY", "1");

    public static TheoryData<string> Uses { get; } = ["launch", "launch of groups", "upload", "download", "synchronize", "allocate", "step", "warm up"];

    [SkippableTheory]
    [InlineData("accelerator")]
    [InlineData("opencl:0")]
    [InlineData("cuda:0")]
    public void ADeviceThatIsLostSaysSoAndIsOpenedAnew(string name)
    {
        IlgpuDeviceTests.Require(name).Close();
        var (device, other) = (Device.Parse(name), new Device("other", IlgpuDevices.Open(name)));
        var (x, kept) = (Tensor.Ones([3], device: device), Tensor.Ones([3], device: other));
        var step = Step.Capture((Tensor v) => v * 2 + 1);
        for (int run = 0; run < 4; run++)
        {
            step.Run(x);
        }

        var bind = Inject(device.Owner, () => throw LaunchFailed);
        string message =
            $"{name} failed: unspecified launch failure (CUDA_ERROR_LAUNCH_FAILED, 719). What was on it is lost; Device.Close(), then " +
            "Device.Parse, opens it anew, or where the driver cannot do that, a new process.";
        for (int time = 0; time < 2; time++)
        {
            foreach (var use in (Action[])[
                () => _ = x + x, () => x.Sum().Item(), () => x.ToArray<float>(), () => x.To(Device.Cpu), () => Tensor.From<float>([1, 2], device: device),
                () => Tensor.Zeros([4000], device: device), device.Synchronize, () => step.Run(x), () => device.WarmUp(() => _ = x.Exp())])
            {
                var error = Assert.Throws<DeviceException>(use);
                Assert.True(error.IsLost);
                Assert.Equal(message, error.Message);
            }

            // From here on the driver would do as it is told; what was on the device is lost all the same.
            Inject(device.Owner, bind);
        }

        Assert.Equal(6, (kept + kept).Sum().Item());
        device.Close();
        device.Close();
        Assert.True(AcceleratorOf(device.Owner).IsDisposed);
        Assert.StartsWith($"{name} was closed", Assert.Throws<ObjectDisposedException>(() => x + x).Message, StringComparison.Ordinal);
        x = null;
        GC.Collect();
        GC.WaitForPendingFinalizers();

        var anew = Device.Parse(name);
        Assert.NotSame(device, anew);
        Assert.Equal(6, Tensor.Full([3], 2, device: anew).Sum().Item());
        Assert.Equal(6, (kept + kept).Sum().Item());
        anew.Close();
        other.Close();
    }

    /// <summary>A device that cannot even be made the thread's any more, as when the driver has shut down.</summary>
    [Theory]
    [InlineData("accelerator")]
    public void ADeviceThatFailsAtTheEndIsClosed(string name)
    {
        var backend = IlgpuDevices.Open(name);
        _ = new Storage(backend, 100);
        Inject(backend, () => throw Cuda(CudaError.CUDA_ERROR_DEINITIALIZED, "driver shutting down"));
        backend.Close();
        Assert.Throws<ObjectDisposedException>(backend.Synchronize);
    }

    [Theory]
    [MemberData(nameof(Uses))]
    public void WhatIsRefusedIsNotMadeAndTheDeviceGoesOn(string use)
    {
        var (backend, act) = New(use);
        var bind = Inject(backend, () => throw Cuda(CudaError.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "too many resources requested for launch"));
        var error = Assert.Throws<DeviceException>(act);
        Assert.False(error.IsLost);
        Assert.Equal(
            "accelerator refused a call, which was not made: too many resources requested for launch (CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, 701). " +
            "The device goes on.",
            error.Message);
        Inject(backend, bind);
        act();
        backend.Close();
    }

    [Theory]
    [MemberData(nameof(Uses))]
    public void LackOfMemoryIsToldFromALoss(string use)
    {
        var (backend, act) = New(use);
        var bind = Inject(backend, () => throw Cuda(CudaError.CUDA_ERROR_OUT_OF_MEMORY, "out of memory"));
        var error = Assert.Throws<OutOfMemoryException>(act);
        Assert.StartsWith("accelerator: ", error.Message, StringComparison.Ordinal);
        Assert.Contains("out of memory (CUDA_ERROR_OUT_OF_MEMORY, 2)", error.Message, StringComparison.Ordinal);
        Inject(backend, bind);
        act();

        // A sticky error is no lack of memory, also where memory is asked for.
        Inject(backend, () => throw LaunchFailed);
        Assert.True(Assert.Throws<DeviceException>(act).IsLost);
        backend.Close();
    }

    /// <summary>Some OpenCL drivers tell of a kernel's fault as a lack of resources, to whoever waits for it, who needs none.</summary>
    [Theory]
    [InlineData("allocate", false)]
    [InlineData("launch", false)]
    [InlineData("synchronize", true)]
    [InlineData("download", true)]
    public void OpenClsLackOfResourcesIsALossToWhoWaits(string use, bool isLost)
    {
        var (backend, act) = New(use);
        Inject(backend, () => throw new CLException(CLError.CL_OUT_OF_RESOURCES));
        var error = Assert.ThrowsAny<Exception>(act);
        Assert.Equal(isLost, error is DeviceException { IsLost: true });
        Assert.Equal(!isLost, error is OutOfMemoryException);
        Assert.Contains("CL_OUT_OF_RESOURCES (-5)", error.Message, StringComparison.Ordinal);
        backend.Close();
    }

    [Theory]
    [InlineData(CLError.CL_MEM_OBJECT_ALLOCATION_FAILURE, nameof(Meaning.OutOfMemory))]
    [InlineData(CLError.CL_OUT_OF_RESOURCES, nameof(Meaning.OutOfMemory))]
    [InlineData(CLError.CL_OUT_OF_HOST_MEMORY, nameof(Meaning.OutOfMemory))]
    [InlineData(CLError.CL_DEVICE_NOT_AVAILABLE, nameof(Meaning.Lost))]
    [InlineData(CLError.CL_INVALID_COMMAND_QUEUE, nameof(Meaning.Lost))]
    [InlineData((CLError)(-9999), nameof(Meaning.Lost))]
    [InlineData(CLError.CL_INVALID_WORK_GROUP_SIZE, nameof(Meaning.Refused))]
    [InlineData(CLError.CL_BUILD_PROGRAM_FAILURE, nameof(Meaning.Refused))]
    public void OpenClsCodesMean(CLError code, string meaning) => Assert.Equal(meaning, $"{Refusal.Of(new CLException(code))!.Value.Meaning}");

    [Theory]
    [InlineData(CudaError.CUDA_ERROR_OUT_OF_MEMORY, nameof(Meaning.OutOfMemory))]
    [InlineData(CudaError.CUDA_ERROR_ILLEGAL_ADDRESS, nameof(Meaning.Lost))]
    [InlineData(CudaError.CUDA_ERROR_ECC_UNCORRECTABLE, nameof(Meaning.Lost))]
    [InlineData(CudaError.CUDA_ERROR_LAUNCH_TIMEOUT, nameof(Meaning.Lost))]
    [InlineData(CudaError.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, nameof(Meaning.Refused))]
    [InlineData(CudaError.CUDA_ERROR_INVALID_VALUE, nameof(Meaning.Refused))]
    [InlineData((CudaError)900, nameof(Meaning.Refused))]
    public void CudasCodesMean(CudaError code, string meaning) => Assert.Equal(meaning, $"{Refusal.Of(Cuda(code, ""))!.Value.Meaning}");

    [Fact]
    public void WhatDoesNotComeOfADriverIsLeftAlone() => Assert.Null(Refusal.Of(new InvalidOperationException()));

    /// <summary>ILGPU makes these from what the driver says, where there is one.</summary>
    private static CudaException Cuda(CudaError code, string message)
    {
        var error = new CudaException(message);
        typeof(CudaException).GetField("<Error>k__BackingField", BindingFlags.Instance | BindingFlags.NonPublic)!.SetValue(error, $"{code}");
        return error;
    }

    private static (Backend Device, Action Use) New(string use)
    {
        var backend = IlgpuDevices.Open("accelerator");
        Operand x = Vector(64), y = Vector(1);
        backend.Fill(1, x);
        var step = backend.Join([new Job([b => b.Map(default(HyperbolicTangent), x, x)], 1, [])], []);
        return (backend, use switch
        {
            "launch" => () => backend.Map(default(HyperbolicTangent), x, x),
            "launch of groups" => () => backend.Reduce(default(Ops.Sum), x, y),
            "upload" => () => backend.Upload(new byte[4], y.Storage),
            "download" => () => backend.Download(y.Storage, 0, new byte[4]),
            "synchronize" => backend.Synchronize,
            "allocate" => () => backend.Allocate(1024),
            "warm up" => () => backend.WarmUp(() => { }, _ => { }),
            _ => step.Run,
        });

        Operand Vector(int n) => new(new Storage(backend, n * sizeof(float)), new Layout(new Shape(n)), DType.Float32);
    }

    internal static Accelerator AcceleratorOf(Backend backend) =>
        (Accelerator)backend.GetType().GetField("accelerator", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(backend)!;

    /// <summary>Does something else where a device is made a thread's, and gives what was done there.</summary>
    internal static Action Inject(Backend backend, Action bind)
    {
        Action before;
        switch (backend)
        {
            case IlgpuBackend<LargeGroups> large:
                (before, large.Bind) = (large.Bind, bind);
                return before;
            case IlgpuBackend<SmallGroups> small:
                (before, small.Bind) = (small.Bind, bind);
                return before;
            default:
                throw new NotSupportedException();
        }
    }
}
